// Visits every value of a configuration together with the schemas that apply to it, by the gateway's rules, so that the kit and the gateway
// agree about secrets, defaults and unknown keys. The walk follows properties, patternProperties, additionalProperties, items, $ref within
// the document, allOf, if/then/else, and those branches of anyOf and oneOf that were probably meant. Pure.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::testkit {

using Schemas = std::vector<const nlohmann::json*>;
using SchemaVisitor = std::function<void(const Schemas& schemas, nlohmann::json& value, const std::string& pointer)>;

// Outer values are visited before inner ones. A visitor may change the value.
void walk_schema(const nlohmann::json& root, nlohmann::json& value, const SchemaVisitor& visitor);

// The schemas that apply to the member `key`.
[[nodiscard]] Schemas member_schemas(const Schemas& schemas, const std::string& key);

// True when one of the schemas has `annotation: true`.
[[nodiscard]] bool is_marked(const Schemas& schemas, const char* annotation);

// Appends a key to a JSON pointer (RFC 6901).
[[nodiscard]] std::string pointer_to(const std::string& parent, std::string_view key);

// Whether the value is valid against a part of the schema, whose references are resolved in `root`. Throws std::exception if the schema is
// unusable.
[[nodiscard]] bool conforms(const nlohmann::json& root, const nlohmann::json& schema, const nlohmann::json& value);

}  // namespace belfry::testkit
