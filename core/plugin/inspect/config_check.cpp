#include "plugin/inspect/config_check.hpp"

#include <regex>
#include <set>

#include "base/closest_word.hpp"
#include "base/secret_text.hpp"
#include "plugin/contract/schema.hpp"

namespace belfry::plugin {
namespace {

using nlohmann::json;
using Severity = Finding::Severity;

constexpr const char* kSecret = "x-secret";
constexpr const char* kDestination = "x-destination";
constexpr const char* kOverride = "x-override";
constexpr const char* kObtain = "x-obtain";
constexpr const char* kAccount = "x-account";
constexpr const char* kMistaken = "x-mistaken";

std::vector<std::string_view> known_keys(const Schemas& schemas) {
  std::set<std::string_view> keys;
  for (const json* schema : schemas) {
    const auto properties = schema->find("properties");
    if (properties == schema->end()) continue;
    for (const auto& property : properties->items()) keys.insert(property.key());
  }
  return {keys.begin(), keys.end()};
}

std::string unknown_key(const std::string& key, const std::vector<std::string_view>& known) {
  std::string text = "unknown key \"" + key + "\"";
  if (const auto meant = base::closest_word(key, known); !meant.empty()) return text + "; did you mean \"" + std::string(meant) + "\"?";
  if (known.empty()) return text + "; no keys are known here";
  text += "; known keys are ";
  for (std::size_t i = 0; i < known.size(); ++i) text += (i == 0 ? "\"" : ", \"") + std::string(known[i]) + "\"";
  return text;
}

bool is_closed(const Schemas& schemas) {
  return std::any_of(schemas.begin(), schemas.end(), [](const json* s) {
    return s->contains("properties") || s->value("additionalProperties", json(true)) == json(false);
  });
}

// A schema that names properties and is silent about others admits only these, so that a mistyped key does not go unnoticed. Unknown keys
// are removed, or valijson would report them again in its own words. The key that was probably meant is added as broken, so that it is not
// reported as missing.
void take_unknown_keys(const json& schema, ConfigRequest& request, std::vector<Finding>& problems) {
  walk(schema, request.config, [&](const Schemas& schemas, json& value, const std::string& pointer) {
    if (!value.is_object() || !is_closed(schemas)) return;
    const auto known = known_keys(schemas);
    std::vector<std::string> unknown;
    for (const auto& member : value.items()) {
      if (member_schemas(schemas, member.key()).empty()) unknown.push_back(member.key());
    }
    for (const auto& key : unknown) {
      problems.push_back({Severity::error, pointer_to(pointer, key), unknown_key(key, known)});
      value.erase(key);
      const std::string meant(base::closest_word(key, known));
      if (meant.empty() || value.contains(meant)) continue;
      value[meant] = nullptr;
      request.references.broken.insert(pointer_to(pointer, meant));
    }
  });
}

// Members that an incomplete map may have lost are added as broken, so that they are not reported as missing.
void add_lost_members(const json& schema, ConfigRequest& request) {
  if (request.references.incomplete.empty()) return;
  walk(schema, request.config, [&](const Schemas& schemas, json& value, const std::string& pointer) {
    if (!value.is_object() || !request.references.incomplete.contains(pointer)) return;
    for (const json* part : schemas) {
      for (const json& key : part->value("required", json::array())) {
        const auto& name = key.get_ref<const std::string&>();
        if (value.contains(name)) continue;
        value[name] = nullptr;
        request.references.broken.insert(pointer_to(pointer, name));
      }
    }
  });
}

bool is_within(const std::string& pointer, const std::set<std::string>& fields) {
  return std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return pointer == field || pointer.starts_with(field + "/"); });
}

void fill_defaults(const json& schema, json& config) {
  walk(schema, config, [](const Schemas& schemas, json& value, const std::string&) {
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

struct Field {
  bool secret = false;
  bool required = false;
  std::string obtain;  // where to get the value; for people
};

// Collects the properties of each field from the schema. An entry of a list is never required, since the other entries can replace it.
std::map<std::string, Field> fields_of(const json& schema, json& config) {
  std::map<std::string, Field> fields;
  walk(schema, config, [&](const Schemas& schemas, json& value, const std::string& pointer) {
    auto& field = fields[pointer];
    field.secret = is_marked(schemas, kSecret);
    for (const json* part : schemas) {
      if (const auto words = part->find(kObtain); words != part->end() && words->is_string()) field.obtain = *words;
    }
    if (!value.is_object()) return;
    for (const json* part : schemas) {
      for (const json& key : part->value("required", json::array()))
        fields[pointer_to(pointer, key.get_ref<const std::string&>())].required = true;
    }
  });
  return fields;
}

// Erasing an entry of a list moves the later ones up, so their files move with them.
void erase_at(json& config, std::map<std::string, SecretFile>& files, const std::string& pointer) {
  const json::json_pointer field(pointer);
  const auto list = field.parent_pointer();
  json& parent = config[list];
  if (!parent.is_array()) {
    parent.erase(field.back());
    return;
  }
  const auto at = [&](std::size_t index) { return pointer_to(list.to_string(), std::to_string(index)); };
  const auto gone = std::stoul(field.back());
  for (auto index = gone; index < parent.size(); ++index) {
    files.erase(at(index));
    if (auto behind = files.extract(at(index + 1))) {
      behind.key() = at(index);
      files.insert(std::move(behind));
    }
  }
  parent.erase(gone);
  if (parent.empty()) erase_at(config, files, list.to_string());
}

void settle_references(const json& schema, ConfigRequest& request, CheckedConfig& out) {
  const auto fields = fields_of(schema, request.config);
  auto& unresolved = request.references.unresolved;
  const auto& exposed = request.references.exposed;
  const auto find = [&](const std::string& pointer) {
    const auto field = fields.find(pointer);
    return field == fields.end() ? nullptr : &field->second;  // null: under an unknown key, which has been reported
  };
  for (const auto& [pointer, what] : exposed) {
    const auto* field = find(pointer);
    if (field == nullptr || !field->secret) continue;
    request.config[json::json_pointer(pointer)] = "";
    unresolved[pointer] = what;
  }
  for (const auto& [pointer, what] : request.references.plain) {
    const auto* field = find(pointer);
    if (field != nullptr && field->secret) out.problems.push_back({Severity::warning, pointer, "a secret that " + what});
  }
  // Erased from the back, so that removing an entry of a list does not move the ones still to be processed.
  std::vector<std::string> optional;
  for (const auto& pointer : request.references.left_out) {
    const auto* field = find(pointer);
    if (field == nullptr || !field->secret) continue;  // no secret: the empty text is an ordinary value
    if (field->required) {
      unresolved[pointer] = "it is not set, and the plugin needs it; remove the \":-\" at the end";
    } else {
      optional.push_back(pointer);
    }
  }
  for (const auto& [pointer, what] : unresolved) {
    const auto* field = find(pointer);
    if (field == nullptr) continue;
    if (!field->secret) {
      out.problems.push_back({Severity::error, pointer, what});
    } else if (exposed.contains(pointer)) {
      out.missing.push_back({Severity::error, pointer, what});
      if (!field->required) optional.push_back(pointer);
    } else if (field->required) {
      out.missing.push_back({Severity::error, pointer, field->obtain.empty() ? what : what + "; it is " + field->obtain});
    } else {
      out.problems.push_back({Severity::warning, pointer, what + "; continuing as if it were not set"});
      optional.push_back(pointer);
    }
  }
  std::sort(optional.begin(), optional.end(), [](const auto& a, const auto& b) { return std::pair(a.size(), a) > std::pair(b.size(), b); });
  for (const auto& pointer : optional) erase_at(request.config, request.references.files, pointer);
}

// Returns "is an app-level token, ..." when the value matches a pattern of x-mistaken, such as "^xapp-"; otherwise empty. Only the
// beginning of the value is matched, because std::regex needs stack space for each character.
std::string mistaken_for(const json& schema, const std::string& secret) {
  constexpr std::size_t kMaxMatched = 200;
  const auto kinds = schema.find(kMistaken);
  if (kinds == schema.end() || !kinds->is_object()) return {};
  for (const auto& [pattern, what] : kinds->items()) {
    if (what.is_string() && std::regex_search(secret.substr(0, kMaxMatched), std::regex(pattern))) return "is " + what.get<std::string>();
  }
  return {};
}

// Strips stray characters around a secret. A value that cannot be a secret counts as exposed and is not used.
void tidy_secrets(const json& schema, ConfigRequest& request, std::vector<Finding>& problems) {
  walk(schema, request.config, [&](const Schemas& schemas, json& value, const std::string& pointer) {
    if (!value.is_string() || !is_marked(schemas, kSecret)) return;
    const std::string secret(base::trimmed_secret(value.get_ref<const std::string&>()));
    value = secret;
    const auto file = request.references.files.find(pointer);
    const std::string holder = file == request.references.files.end() ? "the value " : file->second.path.string() + " ";
    if (const auto fault = base::secret_error(secret); !fault.empty()) {
      request.references.exposed.emplace(pointer, holder + fault);
      return;
    }
    std::string doubt = base::secret_warning(secret);
    for (const json* part : schemas) {
      if (doubt.empty()) doubt = mistaken_for(*part, secret);
    }
    if (!doubt.empty()) problems.push_back({Severity::warning, pointer, holder + doubt});
  });
}

// The top-level key with the annotation; empty when there is none.
std::string marked_key(const json& schema, const char* annotation) {
  const json properties = schema.value("properties", json::object());
  for (const auto& [key, property] : properties.items()) {
    if (is_marked({&property}, annotation)) return key;
  }
  return {};
}

std::string reference_to(const std::string& sink, const std::string& key) { return "secret:" + sink + pointer_to("", key); }

// An account that is no secret gets a reference too, so that all accounts are compared in the same way.
std::string account_of(const json& schema, const json& config, const std::string& sink, SecretTable& secrets) {
  const std::string key = marked_key(schema, kAccount);
  const auto value = config.find(key);
  if (key.empty() || value == config.end()) return {};
  const std::string reference = reference_to(sink, key);
  if (secrets.contains(reference)) return reference;
  if (!value->is_string() && !value->is_number()) return {};
  return secrets.add(sink, pointer_to("", key), value->is_string() ? value->get<std::string>() : value->dump());
}

void hide_secrets(const json& schema, ConfigRequest& request, SecretTable& table, base::Scrubber& scrubber) {
  walk(schema, request.config, [&](const Schemas& schemas, json& value, const std::string& pointer) {
    if (!value.is_string() || !is_marked(schemas, kSecret)) return;
    auto& text = value.get_ref<std::string&>();
    scrubber.add_secret(text);
    const auto file = request.references.files.find(pointer);
    text = table.add(request.sink, pointer, text, file == request.references.files.end() ? SecretFile{} : file->second);
  });
}

}  // namespace

CheckedConfig check_config(const PluginType& type, ConfigRequest request, base::Scrubber& scrubber) {
  CheckedConfig out;
  const json& schema = type.schema;
  auto secrets = std::make_shared<SecretTable>();
  if (request.config.is_object()) {
    take_unknown_keys(schema, request, out.problems);
    add_lost_members(schema, request);
    tidy_secrets(schema, request, out.problems);
    settle_references(schema, request, out);
    fill_defaults(schema, request.config);
  }
  const auto& references = request.references;
  for (auto& problem : validate(schema, request.config)) {
    if (!references.unresolved.contains(problem.pointer) && !is_within(problem.pointer, references.broken))
      out.problems.push_back(std::move(problem));
  }
  hide_secrets(schema, request, *secrets, scrubber);
  out.destination_key = marked_key(schema, kDestination);
  if (request.config.is_object()) {
    out.account = account_of(schema, request.config, request.sink, *secrets);
    const auto fixed = request.config.find(out.destination_key);
    if (fixed != request.config.end() && fixed->is_string()) out.fixed_destination = *fixed;
  }
  out.config = std::move(request.config);
  out.secrets = std::move(secrets);
  return out;
}

std::vector<Finding> check_overrides(const PluginType& type, const json& overrides) {
  std::vector<Finding> problems;
  std::vector<std::string_view> allowed;
  json allowed_schema = type.schema;
  allowed_schema.erase("required");
  const json properties = type.schema.value("properties", json::object());
  for (const auto& [key, property] : properties.items()) {
    if (is_marked({&property}, kOverride) || is_marked({&property}, kDestination)) allowed.push_back(key);
  }
  json known = overrides;
  for (const auto& [key, value] : overrides.items()) {
    if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
    const std::string text = properties.contains(key) ? "a route cannot override \"" + key + "\" of a sink of type \"" + type.type +
                                                            "\"; set it in the sink's config"
                                                      : unknown_key(key, allowed);
    problems.push_back({Severity::error, pointer_to("", key), text});
    known.erase(key);
  }
  for (auto& problem : validate(allowed_schema, known)) problems.push_back(std::move(problem));
  return problems;
}

}  // namespace belfry::plugin
