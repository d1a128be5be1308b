// What the file holds for plugins: the tree as JSON, references replaced.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "config/value.hpp"

namespace belfry::config {

// Called for each node with its JSON pointer below the one that is converted. `unresolved` is set when a reference in it was not there:
// its value in the JSON is the empty string then.
using Visitor = std::function<void(const std::string& pointer, const Value& item, const std::string* unresolved)>;

// Scalars without quotes become what the YAML 1.2 core schema says. One with a reference is always a string: a password of digits is no
// number. Without a visitor a reference that is not there is an error at its place.
[[nodiscard]] nlohmann::json to_json(const Value& written, const Visitor& visit = {});

}  // namespace belfry::config
