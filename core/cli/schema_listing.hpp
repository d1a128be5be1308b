// Lists the keys of a sink's configuration for people, from its JSON Schema (draft-07).
#pragma once
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

namespace belfry::cli {

// One key a line, with its description below: "  timeout  (string, default "5s")". Follows $ref, allOf, anyOf, oneOf, items,
// patternProperties and additionalProperties.
void print_keys(std::ostream& out, const nlohmann::json& schema, const std::string& indent);

}  // namespace belfry::cli
