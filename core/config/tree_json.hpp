// What the file holds for plugins: the tree as JSON, references replaced.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "config/value.hpp"

namespace belfry::config {

// Why a value in the JSON is not the one that was meant.
struct Gap {
  enum class Kind {
    unresolved,  // a reference was not there: the value is the empty string
    broken,      // has been reported: the value is empty
    incomplete,  // a map that lacks members, which has been reported
  };
  Kind kind = Kind::broken;
  std::string text;  // of unresolved: "environment variable PORT is not set; set it"
};

// Called for each node with its JSON pointer below the one that is converted; `gap` is null for what is as it should be.
using Visitor = std::function<void(const std::string& pointer, const Value& item, const Gap* gap)>;

// Scalars without quotes become what the YAML 1.2 core schema says. One with a reference is always a string: a password of digits is no
// number.
[[nodiscard]] nlohmann::json to_json(const Value& written, const Visitor& visit);

}  // namespace belfry::config
