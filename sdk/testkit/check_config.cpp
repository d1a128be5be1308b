#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "belfry/testkit/fake_host.hpp"

namespace belfry::testkit {

using nlohmann::json;

namespace {

constexpr const char* kReference = "secret:fake";  // followed by the secret's pointer

void fill_defaults(const json& schema, json& value) {
  if (!schema.is_object() || !value.is_object() || !schema.contains("properties")) return;
  for (const auto& [key, member] : schema["properties"].items()) {
    if (!value.contains(key) && member.contains("default")) value[key] = member["default"];
    if (value.contains(key)) fill_defaults(member, value[key]);
  }
}

// Replaces every string that its schema marks x-secret, alone or in a list, with a reference.
void take_secrets(const json& schema, json& value, const std::string& pointer, bool secret, std::map<std::string, std::string>& out) {
  secret = secret || (schema.is_object() && schema.value("x-secret", false));
  if (value.is_string() && secret) {
    if (value.get_ref<const std::string&>().empty()) return;
    auto reference = kReference + pointer;
    out.emplace(reference, value.get<std::string>());
    value = std::move(reference);
  } else if (value.is_array()) {
    const json items = schema.is_object() ? schema.value("items", json::object()) : json::object();
    for (std::size_t i = 0; i < value.size(); ++i) take_secrets(items, value[i], pointer + '/' + std::to_string(i), secret, out);
  } else if (value.is_object() && schema.is_object() && schema.contains("properties")) {
    for (const auto& [key, member] : schema["properties"].items()) {
      if (value.contains(key)) take_secrets(member, value[key], pointer + '/' + key, secret, out);
    }
  }
}

// valijson reports a location as "<root>", "[key]", "[0]".
std::string pointer_of(const std::vector<std::string>& context) {
  std::string pointer;
  for (const auto& step : context) {
    if (step.size() < 2 || step.front() != '[') continue;
    pointer += '/' + step.substr(1, step.size() - 2);
  }
  return pointer;
}

void find_missing(const json& schema, const json& value, const std::string& pointer, Problems& out) {
  if (!schema.is_object() || !value.is_object()) return;
  for (const auto& key : schema.value("required", json::array())) {
    if (!value.contains(key)) out.add(pointer + '/' + key.get<std::string>(), "is required");
  }
  const json properties = schema.value("properties", json::object());
  for (const auto& [key, member] : properties.items()) {
    if (value.contains(key)) find_missing(member, value[key], pointer + '/' + key, out);
  }
}

// The first in the order in which the schema is written, which only ordered_json keeps.
std::string first_secret(std::string_view schema_json, const std::map<std::string, std::string>& secrets) {
  const auto schema = nlohmann::ordered_json::parse(schema_json);
  const auto properties = schema.find("properties");
  if (properties == schema.end()) return {};
  for (const auto& [key, property] : properties->items()) {
    if (auto reference = kReference + ('/' + key); secrets.contains(reference)) return reference;
  }
  return {};
}

}  // namespace

CheckedConfig check_config(std::string_view schema_json, json config) {
  CheckedConfig checked;
  const auto document = json::parse(schema_json, nullptr, false);
  if (!document.is_object()) {
    checked.problems.add("", "the plugin's schema is not a JSON object");
    return checked;
  }
  try {
    valijson::Schema schema;
    const valijson::adapters::NlohmannJsonAdapter schema_adapter(document);
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(schema_adapter, schema);
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter target(config);
    validator.validate(schema, target, &results);
    for (const auto& error : results) checked.problems.add(pointer_of(error.context), error.description);
  } catch (const std::exception& e) {
    checked.problems.add("", std::string("the plugin's schema cannot be used: ") + e.what());
  }
  find_missing(document, config, "", checked.problems);
  fill_defaults(document, config);
  take_secrets(document, config, "", false, checked.secrets);
  checked.credential = first_secret(schema_json, checked.secrets);
  checked.document = std::move(config);
  return checked;
}

}  // namespace belfry::testkit
