// What the file holds for plugins: the tree as JSON, references replaced.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "config/value.hpp"

namespace belfry::config {

// What its references came to.
struct Findings {
  std::string unresolved = {};  // one was not there; the value in the JSON is the empty string then
  std::string exposed = {};     // one is a file that others can read
  bool left_out = false;        // all that there are may be left out, and are: "${env:X:-}"
};

// Called for each node with its JSON pointer below the one that is converted.
using Visitor = std::function<void(const std::string& pointer, const Value& item, const Findings& findings)>;

// Scalars without quotes become what the YAML 1.2 core schema says. One with a reference is always a string: a password of digits is no
// number. Without a visitor a reference that is not there is an error at its place.
[[nodiscard]] nlohmann::json to_json(const Value& written, const Visitor& visit = {});

}  // namespace belfry::config
