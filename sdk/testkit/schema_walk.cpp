#include "schema_walk.hpp"

#include <algorithm>
#include <iterator>
#include <regex>

namespace belfry::testkit {

namespace {

using nlohmann::json;

constexpr int kDeepest = 16;  // of references and branches inside each other

const json* resolve(const json& root, const json* schema) {
  for (int depth = 0; depth < kDeepest && schema->is_object() && schema->contains("$ref"); ++depth) {
    const json& reference = (*schema)["$ref"];
    if (!reference.is_string() || !reference.get_ref<const std::string&>().starts_with('#')) break;
    const json::json_pointer pointer(reference.get_ref<const std::string&>().substr(1));
    if (!root.contains(pointer)) break;
    schema = &root[pointer];
  }
  return schema;
}

bool has_type(const json& value, const json& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  return value.is_null();
}

bool admits_type(const json& schema, const json& value) {
  if (!schema.is_object()) return schema != json(false);
  const auto type = schema.find("type");
  if (type == schema.end()) return true;
  if (!type->is_array()) return has_type(value, *type);
  return std::any_of(type->begin(), type->end(), [&](const json& one) { return has_type(value, one); });
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Whether the value satisfies the schema's keywords about the value itself, without those about its members and entries. The gateway
// chooses among branches in this way.
bool fits_itself(const json& schema, const json& value) {
  if (!schema.is_object()) return true;
  const auto keyword = [&](const char* name) -> const json* {
    const auto found = schema.find(name);
    return found == schema.end() ? nullptr : &*found;
  };
  const auto below = [&](const char* name, double size) { return keyword(name) != nullptr && size < keyword(name)->get<double>(); };
  const auto above = [&](const char* name, double size) { return keyword(name) != nullptr && size > keyword(name)->get<double>(); };
  if (const auto* values = keyword("enum"); values != nullptr && std::find(values->begin(), values->end(), value) == values->end()) {
    return false;
  }
  if (const auto* only = keyword("const"); only != nullptr && *only != value) return false;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto length = static_cast<double>(characters(text));
    if (below("minLength", length) || above("maxLength", length)) return false;
    const auto* pattern = keyword("pattern");
    return pattern == nullptr || std::regex_search(text, std::regex(pattern->get_ref<const std::string&>()));
  }
  if (value.is_number()) {
    const auto number = value.get<double>();
    const auto* min = keyword("exclusiveMinimum");
    const auto* max = keyword("exclusiveMaximum");
    return !below("minimum", number) && !above("maximum", number) && (min == nullptr || number > min->get<double>()) &&
           (max == nullptr || number < max->get<double>());
  }
  if (value.is_array())
    return !below("minItems", static_cast<double>(value.size())) && !above("maxItems", static_cast<double>(value.size()));
  const auto* required = keyword("required");
  if (!value.is_object() || required == nullptr) return true;
  return std::all_of(required->begin(), required->end(),
                     [&](const json& key) { return value.contains(key.get_ref<const std::string&>()); });
}

// The branches of anyOf or oneOf that were probably meant: those that the value satisfies, else those that admit its type.
Schemas chosen_branches(const json& root, const json& branches, const json& value) {
  Schemas typed;
  for (const json& branch : branches) {
    const json* target = resolve(root, &branch);
    if (admits_type(*target, value)) typed.push_back(target);
  }
  Schemas fitting;
  std::ranges::copy_if(typed, std::back_inserter(fitting), [&](const json* branch) { return fits_itself(*branch, value); });
  return fitting.empty() ? typed : fitting;
}

void expand(const json& root, const json* schema, const json& value, Schemas& out, int depth = 0) {
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
  if (const auto condition = schema->find("if"); condition != schema->end()) {
    const auto branch = schema->find(conforms(root, *condition, value) ? "then" : "else");
    if (branch != schema->end()) expand(root, &*branch, value, out, depth + 1);
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

void walk_value(const json& root, const Schemas& schemas, json& value, const std::string& pointer, const SchemaVisitor& visitor) {
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

}  // namespace

void walk_schema(const json& root, json& value, const SchemaVisitor& visitor) { walk_value(root, {&root}, value, "", visitor); }

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
  return std::ranges::any_of(schemas, [&](const json* schema) {
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

}  // namespace belfry::testkit
