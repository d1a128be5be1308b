// Converts the options of plugins to JSON, references replaced.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "config/document/value.hpp"

namespace belfry::config {

// Properties of a converted value. With the defaults, the value is valid as written.
struct ValueInfo {
  std::string unresolved = {};         // advice for a reference without a target; the JSON value is the empty string
  std::string exposed = {};            // advice for a file that others can read
  std::optional<ValueFile> file = {};  // the value is exactly the content of this file
  bool left_out = false;               // all references are optional and missing: "${env:X:-}"
  bool plain = false;                  // text that is written in the configuration itself
  bool broken = false;                 // could not be read, which has been reported; the JSON value is empty
  bool incomplete = false;             // a map that lacks members because they could not be read
};

// Called for each node, with its JSON pointer relative to the converted value.
using Visitor = std::function<void(const std::string& pointer, const Value& item, const ValueInfo& info)>;

// Unquoted scalars get their type from the YAML 1.2 core schema. A scalar with a reference is always a string: a password of digits must
// not become a number.
[[nodiscard]] nlohmann::json to_json(const Value& written, const Visitor& visit);

}  // namespace belfry::config
