// `when`: what must hold for a route to take a notification.
#pragma once
#include <string_view>
#include <vector>

#include "config/value.hpp"
#include "model/pipeline.hpp"

namespace belfry::config {

// Reports what is wrong, patterns included, and gives the rest. `sources` are the names that `source` may be compared with.
[[nodiscard]] model::Condition read_condition(const Value& written, const std::vector<std::string_view>& sources);

}  // namespace belfry::config
