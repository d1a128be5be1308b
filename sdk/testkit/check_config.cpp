#include "belfry/testkit/check_config.hpp"

#include <algorithm>
#include <regex>
#include <set>

#define VALIJSON_USE_EXCEPTIONS 1  // without it, an invalid schema aborts the process
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "schema_walk.hpp"

namespace belfry::testkit {

namespace {

using nlohmann::json;
using sdk::Finding;
using sdk::Findings;

constexpr const char* kReference = "secret:fake";  // followed by the secret's pointer

bool validate_with(const json& schema_json, const json& value, valijson::ValidationResults* results) {
  valijson::Schema schema;
  const valijson::adapters::NlohmannJsonAdapter schema_adapter(schema_json);
  valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(schema_adapter, schema);
  valijson::Validator validator;
  return validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(value), results);
}

// valijson reports a location as "<root>", "[key]", "[0]".
std::string pointer_of(const std::vector<std::string>& context) {
  std::string pointer;
  for (const auto& step : context) {
    if (step.size() >= 2 && step.front() == '[') pointer = pointer_to(pointer, std::string_view(step).substr(1, step.size() - 2));
  }
  return pointer;
}

void report_invalid(const json& schema, json value, Findings& out) {
  valijson::ValidationResults results;
  if (validate_with(schema, value, &results)) return;
  for (const auto& error : results) out.error(pointer_of(error.context), error.description);
  // At the missing member, where a person would write it.
  walk_schema(schema, value, [&](const Schemas& schemas, json& part, const std::string& pointer) {
    if (!part.is_object()) return;
    for (const json* one : schemas) {
      for (const json& key : one->value("required", json::array())) {
        const auto& name = key.get_ref<const std::string&>();
        if (!part.contains(name)) out.error(pointer_to(pointer, name), "is required");
      }
    }
  });
}

// A schema that names properties admits only these, unless it has additionalProperties.
bool is_closed(const Schemas& schemas) {
  return std::ranges::any_of(schemas, [](const json* schema) {
    return schema->contains("properties") || schema->value("additionalProperties", json(true)) == json(false);
  });
}

std::string known_keys(const Schemas& schemas) {
  std::set<std::string> keys;
  for (const json* schema : schemas) {
    const auto properties = schema->find("properties");
    if (properties == schema->end()) continue;
    for (const auto& property : properties->items()) keys.insert(property.key());
  }
  std::string names;
  for (const auto& key : keys) names.append(names.empty() ? "known keys are \"" : ", \"").append(key).append("\"");
  return names.empty() ? "no keys are known here" : names;
}

// Unknown keys are removed, so that they are reported once.
void take_unknown_keys(const json& schema, json& config, Findings& out) {
  walk_schema(schema, config, [&](const Schemas& schemas, json& value, const std::string& pointer) {
    if (!value.is_object() || !is_closed(schemas)) return;
    std::vector<std::string> unknown;
    for (const auto& member : value.items()) {
      if (member_schemas(schemas, member.key()).empty()) unknown.push_back(member.key());
    }
    for (const auto& key : unknown) {
      out.error(pointer_to(pointer, key), "unknown key \"" + key + "\"; " + known_keys(schemas));
      value.erase(key);
    }
  });
}

void fill_defaults(const json& schema, json& config) {
  walk_schema(schema, config, [](const Schemas& schemas, json& value, const std::string&) {
    if (!value.is_object()) return;
    for (const json* part : schemas) {
      const auto properties = part->find("properties");
      if (properties == part->end()) continue;
      for (const auto& [key, property] : properties->items()) {
        if (property.is_object() && property.contains("default") && !value.contains(key)) value[key] = property["default"];
      }
    }
  });
}

std::string trimmed(std::string text) {
  constexpr const char* kSpace = " \t\r\n\v\f";
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Describes a value that matches a pattern of x-mistaken; otherwise empty.
std::string mistaken_for(const Schemas& schemas, const std::string& secret) {
  for (const json* schema : schemas) {
    const auto kinds = schema->find("x-mistaken");
    if (kinds == schema->end() || !kinds->is_object()) continue;
    for (const auto& [pattern, what] : kinds->items()) {
      if (what.is_string() && std::regex_search(secret, std::regex(pattern))) return what.get<std::string>();
    }
  }
  return {};
}

// The gateway also refuses invisible characters, and warns of quotes and of NAME=VALUE.
void tidy_secrets(const json& schema, json& config, Findings& out) {
  walk_schema(schema, config, [&](const Schemas& schemas, json& value, const std::string& pointer) {
    if (!value.is_string() || !is_marked(schemas, "x-secret")) return;
    auto secret = trimmed(value.get<std::string>());
    if (std::ranges::any_of(secret, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
      out.error(pointer, "the value contains a control character; it must contain only the secret");
    }
    if (const auto what = mistaken_for(schemas, secret); !what.empty()) out.warning(pointer, "the value is " + what);
    value = std::move(secret);
  });
}

void hide_secrets(const json& schema, json& config, std::map<std::string, std::string>& out) {
  walk_schema(schema, config, [&](const Schemas& schemas, json& value, const std::string& pointer) {
    if (!value.is_string() || !is_marked(schemas, "x-secret")) return;
    auto reference = kReference + pointer;
    out.emplace(reference, value.get<std::string>());
    value = std::move(reference);
  });
}

std::string account_of(const json& schema, const json& config) {
  const json properties = schema.value("properties", json::object());
  for (const auto& [key, property] : properties.items()) {
    if (!is_marked({&property}, "x-account") || !config.is_object() || !config.contains(key)) continue;
    if (config[key].is_string()) return config[key].get<std::string>();
    if (config[key].is_number()) return config[key].dump();
  }
  return {};
}

}  // namespace

bool conforms(const json& root, const json& schema, const json& value) {
  json part = schema;
  if (part.is_object() && root.contains("definitions")) part["definitions"] = root["definitions"];
  return validate_with(part, value, nullptr);
}

CheckedConfig check_config(std::string_view schema_json, json config) {
  CheckedConfig checked;
  const auto schema = json::parse(schema_json, nullptr, false);
  if (!schema.is_object()) {
    checked.findings.error("", "the plugin's schema is not a JSON object");
    return checked;
  }
  try {
    take_unknown_keys(schema, config, checked.findings);
    tidy_secrets(schema, config, checked.findings);
    fill_defaults(schema, config);
    report_invalid(schema, config, checked.findings);
    hide_secrets(schema, config, checked.secrets);
    checked.account = account_of(schema, config);
  } catch (const std::exception& e) {
    checked.findings.error("", std::string("the plugin's schema cannot be used: ") + e.what());
  }
  checked.document = std::move(config);
  return checked;
}

Findings validate(std::string_view schema_json, const json& document) {
  Findings findings;
  try {
    report_invalid(json::parse(schema_json), document, findings);
  } catch (const std::exception& e) {
    findings.error("", std::string("the schema cannot be used: ") + e.what());
  }
  return findings;
}

}  // namespace belfry::testkit
