#include "plugin/contract/schema_messages.hpp"

#include <cctype>
#include <regex>
#include <set>

namespace belfry::plugin {
namespace {

using nlohmann::json;

const json* keyword(const json& schema, const char* name) {
  const auto found = schema.find(name);
  return found == schema.end() ? nullptr : &*found;
}

std::vector<std::string> type_names(const json& schema) {
  const json* type = keyword(schema, "type");
  if (type == nullptr) return {};
  if (type->is_string()) return {type->get<std::string>()};
  std::vector<std::string> names;
  for (const json& name : *type) names.push_back(name.get<std::string>());
  return names;
}

bool has_type(const json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  return value.is_null();
}

std::string type_words(const std::string& type) {
  if (type == "object") return "a map";
  if (type == "array") return "a list";
  if (type == "string") return "a string";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  return "null";
}

template <class Items>
std::string joined(const Items& items, std::string_view last) {
  std::string text;
  std::size_t left = items.size();
  for (const auto& item : items) {
    --left;
    text.append(item).append(left == 0 ? "" : left == 1 ? std::string(" ").append(last).append(" ") : ", ");
  }
  return text;
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string plural(const json& count, std::string_view thing) {
  return count.dump() + " " + std::string(thing) + (count == json(1) ? "" : "s");
}

// Collects the findings about one value.
class Explainer {
 public:
  Explainer(const Schemas& schemas, const json& value, const std::string& pointer, std::vector<Finding>& problems)
      : schemas_(schemas), value_(value), pointer_(pointer), problems_(problems) {
    const auto slash = pointer.rfind('/');
    name_ = slash == std::string::npos ? "config" : "\"" + pointer.substr(slash + 1) + "\"";
  }

  void run() {
    if (wrong_type()) return;
    for (const json* schema : schemas_) {
      fixed_values(*schema);
      if (value_.is_string()) text(*schema, value_.get_ref<const std::string&>());
      if (value_.is_number()) number(*schema);
      if (value_.is_array()) list(*schema);
      if (value_.is_object()) required(*schema);
    }
  }

 private:
  void report(const std::string& what) { problems_.push_back({Finding::Severity::error, pointer_, name_ + " " + what}); }

  bool wrong_type() {
    std::set<std::string> wanted;
    for (const json* schema : schemas_) {
      if (!admits_type(*schema, value_)) collect(*schema, wanted);
      for (const char* name : {"anyOf", "oneOf"}) {
        const json* branches = keyword(*schema, name);
        if (branches == nullptr || std::any_of(branches->begin(), branches->end(), [&](const json& b) { return admits_type(b, value_); })) {
          continue;
        }
        for (const json& branch : *branches) collect(branch, wanted);
      }
    }
    if (wanted.empty()) return false;
    std::string what = "must be " + joined(wanted, "or") + ", not " + with_article(value_);
    if (wanted.contains("a string") && (value_.is_number() || value_.is_boolean())) what += "; write it in quotes";
    if (wanted.contains("a list") && !wanted.contains("a string") && value_.is_string()) what += "; write it as [value, ...]";
    report(what);
    return true;
  }

  static void collect(const json& schema, std::set<std::string>& wanted) {
    for (const auto& type : type_names(schema)) wanted.insert(type_words(type));
  }

  void fixed_values(const json& schema) {
    if (const json* values = keyword(schema, "enum");
        values != nullptr && std::find(values->begin(), values->end(), value_) == values->end()) {
      std::vector<std::string> words;
      for (const json& value : *values) words.push_back(value.dump());
      report("must be " + joined(words, "or"));
    }
    if (const json* value = keyword(schema, "const"); value != nullptr && *value != value_) report("must be " + value->dump());
  }

  void text(const json& schema, const std::string& text) {
    const std::size_t length = characters(text);
    if (const json* min = keyword(schema, "minLength"); min != nullptr && length < min->get<std::size_t>()) {
      report(length == 0 ? "must not be empty" : "must have at least " + plural(*min, "character"));
    }
    if (const json* max = keyword(schema, "maxLength"); max != nullptr && length > max->get<std::size_t>()) {
      report("must have at most " + plural(*max, "character") + ", it has " + std::to_string(length));
    }
    if (const json* pattern = keyword(schema, "pattern");
        pattern != nullptr && !std::regex_search(text, std::regex(pattern->get_ref<const std::string&>()))) {
      report(form(schema, pattern->get_ref<const std::string&>()));
    }
  }

  void number(const json& schema) {
    const double value = value_.get<double>();
    if (const json* min = keyword(schema, "minimum"); min != nullptr && value < min->get<double>())
      report("must be at least " + min->dump());
    if (const json* max = keyword(schema, "maximum"); max != nullptr && value > max->get<double>())
      report("must be at most " + max->dump());
    if (const json* limit = keyword(schema, "exclusiveMinimum"); limit != nullptr && value <= limit->get<double>())
      report("must be more than " + limit->dump());
    if (const json* limit = keyword(schema, "exclusiveMaximum"); limit != nullptr && value >= limit->get<double>())
      report("must be less than " + limit->dump());
  }

  void list(const json& schema) {
    if (const json* min = keyword(schema, "minItems"); min != nullptr && value_.size() < min->get<std::size_t>()) {
      report("must have at least " + (*min == json(1) ? "one entry" : min->dump() + " entries"));
    }
    if (const json* max = keyword(schema, "maxItems"); max != nullptr && value_.size() > max->get<std::size_t>()) {
      report("must have at most " + (*max == json(1) ? "one entry" : max->dump() + " entries"));
    }
  }

  void required(const json& schema) {
    const json* names = keyword(schema, "required");
    if (names == nullptr) return;
    for (const json& name : *names) {
      const auto& key = name.get_ref<const std::string&>();
      if (value_.contains(key)) continue;
      std::string what = "\"";
      what.append(key).append("\" is missing; write \"").append(key).append(": ...\"");
      std::set<std::string> types;
      std::string described;
      for (const json* member : member_schemas(schemas_, key)) {
        if (!member->is_object()) continue;
        collect(*member, types);
        if (described.empty()) described = hint(*member);
      }
      if (!types.empty()) what += " with " + joined(types, "or");
      problems_.push_back({Finding::Severity::error, pointer_, what + described});
    }
  }

  // Prefers the schema's description to its pattern: few people who read the message can read a regular expression.
  static std::string form(const json& schema, const std::string& pattern) {
    if (pattern == "^https?://") return "must begin with http:// or https://" + hint(schema);
    if (const auto beginning = literal_beginning(pattern); !beginning.empty()) return "must begin with " + beginning + hint(schema);
    if (const json* preset = keyword(schema, "default"); preset != nullptr && preset->is_string())
      return "must match a form such as " + preset->dump() + hint(schema);
    const auto words = first_sentence(schema);
    return words.empty() ? "must match " + pattern : "must match this form: " + words;
  }

  // The literal prefix if the pattern is `^` followed by literal characters only; otherwise empty.
  static std::string literal_beginning(const std::string& pattern) {
    const auto literal = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("/:_-").contains(c); };
    if (!pattern.starts_with('^') || !std::all_of(pattern.begin() + 1, pattern.end(), literal)) return {};
    return pattern.substr(1);
  }

  static std::string first_sentence(const json& schema) {
    const json* description = keyword(schema, "description");
    if (description == nullptr || !description->is_string()) return {};
    const auto& words = description->get_ref<const std::string&>();
    const bool full_stop = words.ends_with('.') && !words.ends_with("..");
    return words.substr(0, std::min(words.find(". "), words.size() - (full_stop ? 1 : 0)));
  }

  static std::string hint(const json& schema) {
    const json* description = keyword(schema, "description");
    return description != nullptr && description->is_string() ? " (" + description->get<std::string>() + ")" : "";
  }

  const Schemas& schemas_;
  const json& value_;
  const std::string& pointer_;
  std::vector<Finding>& problems_;
  std::string name_;
};

}  // namespace

bool admits_type(const json& schema, const json& value) {
  if (!schema.is_object()) return schema != json(false);
  const auto types = type_names(schema);
  return types.empty() || std::any_of(types.begin(), types.end(), [&](const std::string& type) { return has_type(value, type); });
}

void explain(const Schemas& schemas, const json& value, const std::string& pointer, std::vector<Finding>& problems) {
  Explainer(schemas, value, pointer, problems).run();
}

std::string with_article(const json& value) {
  switch (value.type()) {
    case json::value_t::object: return "a map";
    case json::value_t::array: return "a list";
    case json::value_t::string: return "a string";
    case json::value_t::boolean: return value.get<bool>() ? "true" : "false";
    case json::value_t::null: return "empty";
    default: return value.is_number_integer() ? "a whole number" : "a number";
  }
}

}  // namespace belfry::plugin
