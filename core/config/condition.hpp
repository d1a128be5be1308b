// `when`: what must hold for a rule to apply to a notification.
#pragma once
#include <string_view>
#include <vector>

#include "config/value.hpp"
#include "model/pipeline.hpp"

namespace belfry::config {

// Reports what is wrong, patterns included, and gives the rest. `sources` are the names that `source` may be compared with.
[[nodiscard]] model::Condition read_condition(const Value& written, const std::vector<std::string_view>& sources);

// "name", "labels.reason": whether a notification can have such a value.
[[nodiscard]] bool is_known_path(std::string_view path);

// The end of a message about one that it cannot have. `besides`: other words that are known there.
[[nodiscard]] std::string path_suggestion(std::string_view written, std::string_view besides);

}  // namespace belfry::config
