// Feeds a CoderReader with the body of a request. Private to this folder.
#pragma once
#include <string_view>

#include "source/coder_reader.hpp"

namespace belfry::source {

// False when the body is no JSON, or not what the reader wants: its error() says why.
[[nodiscard]] bool read_json(std::string_view body, CoderReader& reader);

}  // namespace belfry::source
