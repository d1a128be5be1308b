// Feeds the body of a request to a CoderReader. Private to this folder.
#pragma once
#include <string_view>

#include "source/coder_reader.hpp"

namespace belfry::source {

// Returns false when the body is not JSON or the reader rejects it; reader.error() then has the reason.
[[nodiscard]] bool read_json(std::string_view body, CoderReader& reader);

}  // namespace belfry::source
