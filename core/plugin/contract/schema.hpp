// Validates a sink's configuration against its plugin's JSON Schema (draft-07). valijson decides what is valid; the messages are ours.
// The walk follows $ref within the document, allOf, and those branches of anyOf and oneOf that admit the type of the value.
// Thread rule: any thread; all functions are pure.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "plugin/contract/finding.hpp"

namespace belfry::plugin {

// Succeeds for an object schema without remote references and invalid patterns. The error completes "the schema ...".
[[nodiscard]] base::Result<void> check_schema(const nlohmann::json& schema);

// Empty when valid. A value that the schema marks x-secret is never quoted.
[[nodiscard]] std::vector<Finding> validate(const nlohmann::json& schema, const nlohmann::json& value);

// Visits every value together with the schemas that apply to it, outer before inner. A visitor may change the value.
using Schemas = std::vector<const nlohmann::json*>;
using Visitor = std::function<void(const Schemas& schemas, nlohmann::json& value, const std::string& pointer)>;
void walk(const nlohmann::json& root, nlohmann::json& value, const Visitor& visitor);

// The schemas that apply to the member `key`, not expanded.
[[nodiscard]] Schemas member_schemas(const Schemas& schemas, const std::string& key);

// True when one of the schemas has `annotation: true`.
[[nodiscard]] bool is_marked(const Schemas& schemas, const char* annotation);

// Appends a key to a JSON pointer (RFC 6901): "/a~1b" for the member "a/b" of the root.
[[nodiscard]] std::string pointer_to(const std::string& parent, std::string_view key);

}  // namespace belfry::plugin
