// Says in plain words how a value breaks the JSON Schemas that apply to it. Looks at this value only, not at what is inside it.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plugin/schema.hpp"

namespace belfry::plugin {

void explain(const Schemas& schemas, const nlohmann::json& value, const std::string& pointer, std::vector<Problem>& problems);

// False only when the schema names types and the value has none of them.
[[nodiscard]] bool admits_type(const nlohmann::json& schema, const nlohmann::json& value);

// "a string", "a list", in the words of a YAML file.
[[nodiscard]] std::string with_article(const nlohmann::json& value);

}  // namespace belfry::plugin
