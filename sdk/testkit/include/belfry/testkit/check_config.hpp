// Applies a descriptor's schema to a configuration, by the gateway's rules: unknown keys are refused, defaults are filled in, and secrets
// are replaced by references. Pure. Thread rule: any thread.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "belfry/sdk/finding.hpp"

namespace belfry::testkit {

struct CheckedConfig {
  nlohmann::json document;                     // with defaults, and references in place of secrets
  std::map<std::string, std::string> secrets;  // reference -> value
  std::string account;  // the property marked x-account: the reference of a secret, or another string or number; empty: none
  sdk::Findings findings;
};
[[nodiscard]] CheckedConfig check_config(std::string_view schema_json, nlohmann::json config);

// Validates any document against a JSON Schema (draft-07), without the rules for configurations.
[[nodiscard]] sdk::Findings validate(std::string_view schema_json, const nlohmann::json& document);

}  // namespace belfry::testkit
