#include "cli/schema_listing.hpp"

#include <algorithm>
#include <vector>

namespace belfry::cli {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 8;  // of schemas within schemas: one may refer to itself

void add_once(std::vector<std::string>& words, std::string word) {
  if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return text;
}

class Listing {
 public:
  Listing(std::ostream& out, const json& root) : out_(out), root_(root) {}

  void print(const json& schema, const std::string& indent, int depth) const {
    const json& object = resolved(schema);
    if (depth > kMaxDepth || !object.is_object()) return;
    const auto required = object.value("required", json::array());
    const auto properties = object.value("properties", json::object());
    for (const auto& [key, value] : properties.items()) {
      print_key(key, value, std::find(required.begin(), required.end(), key) != required.end(), indent, depth);
    }
    const auto patterns = object.value("patternProperties", json::object());
    for (const auto& [pattern, value] : patterns.items()) print_key("/" + pattern + "/", value, false, indent, depth);
    if (const auto others = object.find("additionalProperties"); others != object.end() && others->is_object()) {
      print_key("*", *others, false, indent, depth);
    }
    for (const char* parts : {"allOf", "anyOf", "oneOf"}) {
      for (const auto& part : object.value(parts, json::array())) print(part, indent, depth + 1);
    }
    if (const auto entry = object.find("items"); entry != object.end() && entry->is_object()) print(*entry, indent, depth + 1);
  }

 private:
  void print_key(const std::string& key, const json& written, bool required, const std::string& indent, int depth) const {
    const json& schema = resolved(written);
    if (!schema.is_object()) return;
    out_ << indent << key << "  (" << summary(schema, required) << ")\n";
    for (const json* part : {&written, &schema}) {
      const auto description = part->find("description");
      if (description == part->end() || !description->is_string()) continue;
      out_ << indent << "    " << description->get<std::string>() << "\n";
      break;
    }
    print(schema, indent + "  ", depth + 1);
  }

  [[nodiscard]] std::string summary(const json& schema, bool required) const {
    const auto marked = [&](const char* annotation) { return schema.value(annotation, json(false)) == json(true); };
    std::string text = marked("x-secret") ? "secret" : types(schema, 0);
    if (required) text += ", required";
    if (schema.contains("default")) text += ", default " + schema.at("default").dump();
    if (marked("x-account")) text += ", identifies the account";
    if (marked("x-destination") || marked("x-override")) text += ", a route may override it";
    return text;
  }

  // "string", "list of integer", "one of \"a\", \"b\"", "string or list of string", or "any value".
  [[nodiscard]] std::string types(const json& written, int depth) const {
    const json& schema = resolved(written);
    if (depth > kMaxDepth || !schema.is_object()) return "any value";
    if (schema.contains("const")) return schema.at("const").dump();
    std::vector<std::string> words;
    if (schema.contains("enum")) {
      for (const auto& value : schema.at("enum")) words.push_back(value.dump());
      return words.size() == 1 ? words.front() : "one of " + joined(words);
    }
    const auto type = schema.value("type", json());
    for (const auto& name : type.is_array() ? type : json::array({type})) {
      if (name.is_string()) add_once(words, name == "array" ? list_of(schema, depth) : name == "object" ? "map" : name.get<std::string>());
    }
    for (const char* parts : {"anyOf", "oneOf", "allOf"}) {
      if (!words.empty()) break;
      for (const auto& part : schema.value(parts, json::array())) add_once(words, types(part, depth + 1));
    }
    if (words.empty() && (schema.contains("properties") || schema.contains("patternProperties"))) words.emplace_back("map");
    if (words.empty() && schema.contains("items")) words.push_back(list_of(schema, depth));
    return words.empty() ? "any value" : joined(words);
  }

  [[nodiscard]] std::string list_of(const json& schema, int depth) const {
    const auto entry = schema.find("items");
    return entry == schema.end() || !entry->is_object() ? "list" : "list of " + types(*entry, depth + 1);
  }

  [[nodiscard]] const json& resolved(const json& schema) const {
    const json* found = &schema;
    for (int i = 0; i < kMaxDepth && found->is_object() && found->contains("$ref"); ++i) {
      const auto reference = found->value("$ref", "");
      if (reference != "#" && !reference.starts_with("#/")) return *found;
      const json::json_pointer place(reference.substr(1));
      if (!root_.contains(place)) return *found;
      found = &root_.at(place);
    }
    return *found;
  }

  std::ostream& out_;
  const json& root_;
};

}  // namespace

void print_keys(std::ostream& out, const nlohmann::json& schema, const std::string& indent) {
  Listing(out, schema).print(schema, indent, 0);
}

}  // namespace belfry::cli
