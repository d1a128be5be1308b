// `when`: the conditions under which a rule applies to a notification.
#pragma once
#include <string_view>
#include <vector>

#include "config/document/value.hpp"
#include "model/pipeline.hpp"

namespace belfry::config {

// Reports every problem, invalid patterns included, and returns the rest. `sources` are the valid values of `source`; empty: any value.
[[nodiscard]] model::Condition read_condition(const Value& written, const std::vector<std::string_view>& sources);

// Whether a notification can have a value at `path`: "name", "labels.reason".
[[nodiscard]] bool is_known_path(std::string_view path);

// Whether every notification that meets `narrow` also meets `wide`, so that a route with `narrow` is never reached behind a route with
// `wide`. False when that cannot be decided.
[[nodiscard]] bool implies(const model::Condition& narrow, const model::Condition& wide);

// Ends a message about an unknown path with a suggestion or a list. `besides`: further words for the list, separated by spaces.
[[nodiscard]] std::string path_suggestion(std::string_view written, std::string_view besides);

}  // namespace belfry::config
