// Explains in plain words how a value violates the JSON Schemas that apply to it. Covers the value itself, not its members or entries.
// Thread rule: any thread; all functions are pure.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plugin/contract/schema.hpp"

namespace belfry::plugin {

// Appends the violations to `problems`.
void explain(const Schemas& schemas, const nlohmann::json& value, const std::string& pointer, std::vector<Finding>& problems);

// False only when the schema names types and the value has none of them.
[[nodiscard]] bool admits_type(const nlohmann::json& schema, const nlohmann::json& value);

// Names the type of a value in YAML terms: "a string", "a list", "empty" for null.
[[nodiscard]] std::string with_article(const nlohmann::json& value);

}  // namespace belfry::plugin
