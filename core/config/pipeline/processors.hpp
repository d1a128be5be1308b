// `pipeline.processors`: changes to a notification before it is routed.
#pragma once
#include <string_view>
#include <vector>

#include "config/document/value.hpp"
#include "model/pipeline.hpp"

namespace belfry::config {

// `sources` are the valid values of `source` in conditions; empty: any value.
[[nodiscard]] std::vector<model::ProcessorRule> read_processors(const Value& written, const std::vector<std::string_view>& sources);

}  // namespace belfry::config
