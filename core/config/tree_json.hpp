// What the file holds for plugins: the tree as JSON, references replaced.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "config/value.hpp"

namespace belfry::config {

// What is to be said of a value. Without anything it is the one that was meant.
struct Findings {
  std::string unresolved = {};         // a reference was not there; the value in the JSON is the empty string then
  std::string exposed = {};            // one is a file that others can read
  std::optional<ValueFile> file = {};  // all of it is what this one holds
  bool left_out = false;               // all references may be left out, and are: "${env:X:-}"
  bool plain = false;                  // a text that stands in the file itself
  bool broken = false;                 // it could not be read, which has been reported; the value is empty
  bool incomplete = false;             // a map that lacks members which could not be read
};

// Called for each node with its JSON pointer below the one that is converted.
using Visitor = std::function<void(const std::string& pointer, const Value& item, const Findings& findings)>;

// Scalars without quotes become what the YAML 1.2 core schema says. One with a reference is always a string: a password of digits is no
// number.
[[nodiscard]] nlohmann::json to_json(const Value& written, const Visitor& visit);

}  // namespace belfry::config
