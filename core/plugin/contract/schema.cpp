#include "plugin/contract/schema.hpp"

#include <regex>

#define VALIJSON_USE_EXCEPTIONS 1  // without it, an invalid schema aborts the process
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "plugin/contract/schema_messages.hpp"

namespace belfry::plugin {
namespace {

using nlohmann::json;

void parse_schema(const json& source, valijson::Schema& target) {
  const valijson::adapters::NlohmannJsonAdapter adapter(source);
  valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(adapter, target);
}

// valijson compiles a pattern only when it first meets a value for it, which is too late to refuse the plugin.
void compile_patterns(const json& schema) {
  if (schema.is_object()) {
    for (const auto& [key, value] : schema.items()) {
      if (key == "pattern" && value.is_string()) {
        [[maybe_unused]] const std::regex compiled(value.get_ref<const std::string&>());
      } else if ((key == "patternProperties" || key == "x-mistaken") && value.is_object()) {
        for (const auto& member : value.items()) [[maybe_unused]]
          const std::regex compiled(member.key());
      }
    }
  }
  if (schema.is_structured()) {
    for (const auto& child : schema) compile_patterns(child);
  }
}

const json* resolve(const json& root, const json* schema) {
  constexpr int kDeepest = 16;
  for (int depth = 0; depth < kDeepest && schema->is_object() && schema->contains("$ref"); ++depth) {
    const json& reference = (*schema)["$ref"];
    if (!reference.is_string()) break;
    const std::string& text = reference.get_ref<const std::string&>();
    if (!text.starts_with('#')) break;
    const json::json_pointer pointer(text.substr(1));
    if (!root.contains(pointer)) break;
    schema = &root[pointer];
  }
  return schema;
}

bool fits_itself(const json& schema, const json& value) {
  std::vector<Finding> problems;
  if (schema.is_object()) explain({&schema}, value, "", problems);
  return problems.empty();
}

// The branches of anyOf or oneOf that were probably meant: those that the value satisfies, else those that admit its type.
Schemas chosen_branches(const json& root, const json& branches, const json& value) {
  Schemas typed;
  for (const json& branch : branches) {
    const json* target = resolve(root, &branch);
    if (admits_type(*target, value)) typed.push_back(target);
  }
  Schemas fitting;
  std::copy_if(typed.begin(), typed.end(), std::back_inserter(fitting), [&](const json* branch) { return fits_itself(*branch, value); });
  return fitting.empty() ? typed : fitting;
}

void expand(const json& root, const json* schema, const json& value, Schemas& out, int depth = 0) {
  constexpr int kDeepest = 16;
  schema = resolve(root, schema);
  if (!schema->is_object() || depth > kDeepest) return;
  out.push_back(schema);
  if (const auto all = schema->find("allOf"); all != schema->end()) {
    for (const json& branch : *all) expand(root, &branch, value, out, depth + 1);
  }
  for (const char* keyword : {"anyOf", "oneOf"}) {
    const auto branches = schema->find(keyword);
    if (branches == schema->end()) continue;
    for (const json* branch : chosen_branches(root, *branches, value)) expand(root, branch, value, out, depth + 1);
  }
}

Schemas item_schemas(const Schemas& schemas, std::size_t index) {
  Schemas out;
  for (const json* schema : schemas) {
    const auto items = schema->find("items");
    if (items == schema->end()) continue;
    if (items->is_object()) out.push_back(&*items);
    if (items->is_array() && index < items->size()) out.push_back(&(*items)[index]);
  }
  return out;
}

void walk_value(const json& root, const Schemas& schemas, json& value, const std::string& pointer, const Visitor& visitor) {
  Schemas expanded;
  for (const json* schema : schemas) expand(root, schema, value, expanded);
  visitor(expanded, value, pointer);
  if (value.is_object()) {
    for (auto& [key, member] : value.items()) {
      walk_value(root, member_schemas(expanded, key), member, pointer_to(pointer, key), visitor);
    }
  } else if (value.is_array()) {
    for (std::size_t index = 0; index < value.size(); ++index) {
      walk_value(root, item_schemas(expanded, index), value[index], pointer + "/" + std::to_string(index), visitor);
    }
  }
}

// valijson writes "<root>", "[key]", "[0]".
std::string to_pointer(const std::vector<std::string>& context) {
  std::string pointer;
  for (std::size_t i = 1; i < context.size(); ++i) {
    std::string_view part = context[i];
    if (part.starts_with('[') && part.ends_with(']')) part = part.substr(1, part.size() - 2);
    pointer = pointer_to(pointer, part);
  }
  return pointer;
}

// The keyword, of those that walk() does not follow, below which the schema marks a secret; null if there is none. Such a secret would not
// be recognized, and would appear in logs.
const char* hidden_secret(const json& schema) {
  if (schema.is_array()) {
    for (const json& part : schema) {
      if (const char* found = hidden_secret(part)) return found;
    }
  }
  if (!schema.is_object()) return nullptr;
  for (const char* keyword : {"if", "then", "else", "not", "contains", "dependencies", "propertyNames", "additionalItems"}) {
    const auto below = schema.find(keyword);
    if (below != schema.end() && below->is_structured() && below->dump().find("\"x-secret\":true") != std::string::npos) return keyword;
  }
  for (const char* keyword : {"properties", "patternProperties", "definitions"}) {
    for (const auto& member : schema.value(keyword, json::object())) {
      if (const char* found = hidden_secret(member)) return found;
    }
  }
  for (const char* keyword : {"items", "additionalProperties", "allOf", "anyOf", "oneOf"}) {
    if (const auto below = schema.find(keyword); below != schema.end()) {
      if (const char* found = hidden_secret(*below)) return found;
    }
  }
  return nullptr;
}

}  // namespace

base::Result<void> check_schema(const json& schema) {
  const auto refuse = [](std::string what) { return base::fail(base::ErrorCode::invalid, std::move(what)); };
  if (!schema.is_object()) return refuse(std::string("is ") + with_article(schema) + ", wanted a JSON object");
  if (schema.value("type", json()) != "object") return refuse("does not have \"type\": \"object\", wanted the schema of an object");
  try {
    valijson::Schema parsed;
    parse_schema(schema, parsed);
    compile_patterns(schema);
    // A schema that recurs without end fails here, in a probe, rather than in the gateway.
    [[maybe_unused]] const auto tried = validate(schema, json::object());
  } catch (const std::exception& error) {
    return refuse(std::string("is not a usable JSON Schema (draft-07): ") + error.what());
  }
  if (const char* keyword = hidden_secret(schema)) {
    return refuse(std::string("has an x-secret below \"") + keyword + "\", where it would not be recognized; move it to \"properties\"");
  }
  return {};
}

std::vector<Finding> validate(const json& schema, const json& value) {
  valijson::Schema parsed;
  parse_schema(schema, parsed);
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(parsed, valijson::adapters::NlohmannJsonAdapter(value), &results)) return {};

  std::vector<Finding> problems;
  json copy = value;
  walk(schema, copy, [&](const Schemas& schemas, json& part, const std::string& pointer) { explain(schemas, part, pointer, problems); });
  if (!problems.empty()) return problems;

  // explain() does not cover this keyword; valijson's innermost result is the most specific.
  const auto innermost =
      std::max_element(results.begin(), results.end(), [](const auto& a, const auto& b) { return a.context.size() < b.context.size(); });
  if (innermost != results.end()) problems.push_back({Finding::Severity::error, to_pointer(innermost->context), innermost->description});
  if (problems.empty()) problems.push_back({Finding::Severity::error, "", "the configuration does not match the plugin's schema"});
  return problems;
}

void walk(const json& root, json& value, const Visitor& visitor) { walk_value(root, {&root}, value, "", visitor); }

Schemas member_schemas(const Schemas& schemas, const std::string& key) {
  Schemas out;
  for (const json* schema : schemas) {
    bool named = false;
    if (const auto properties = schema->find("properties"); properties != schema->end() && properties->is_object()) {
      if (const auto property = properties->find(key); property != properties->end()) {
        out.push_back(&*property);
        named = true;
      }
    }
    if (const auto patterns = schema->find("patternProperties"); patterns != schema->end() && patterns->is_object()) {
      for (const auto& [pattern, property] : patterns->items()) {
        if (!std::regex_search(key, std::regex(pattern))) continue;
        out.push_back(&property);
        named = true;
      }
    }
    if (const auto rest = schema->find("additionalProperties"); !named && rest != schema->end() && *rest != json(false)) {
      out.push_back(&*rest);
    }
  }
  return out;
}

bool is_marked(const Schemas& schemas, const char* annotation) {
  return std::any_of(schemas.begin(), schemas.end(), [&](const json* schema) {
    if (!schema->is_object()) return false;
    const auto mark = schema->find(annotation);
    return mark != schema->end() && *mark == json(true);
  });
}

std::string pointer_to(const std::string& parent, std::string_view key) {
  std::string pointer = parent + "/";
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

}  // namespace belfry::plugin
