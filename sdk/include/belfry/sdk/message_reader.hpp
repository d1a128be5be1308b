// Turns a message document into typed fields. Internal: not for plugin authors.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "belfry/sdk/json_reader.hpp"
#include "belfry/sdk/message_parts.hpp"

namespace belfry::sdk::detail {

// The members of a message document. A member that is absent or of the wrong type is empty.
struct MessageParts {
  bool digest = false;
  Destination destination;
  bool allow_sensitive = false;
  std::string update_key;
  std::string note;
  nlohmann::json overrides = nlohmann::json::object();
  std::vector<Item> items;
};

// Moves the values out of the document.
class MessageReader {
 public:
  // Returns nullopt if `body` is not a JSON object.
  static std::optional<MessageParts> read(std::string_view body) {
    auto document = read_json(body);
    if (!document || !document->is_object()) return std::nullopt;
    MessageParts parts;
    parts.digest = text(*document, "kind") == "digest";
    if (auto* destination = object(*document, "destination")) {
      parts.destination.audience = text(*destination, "audience") == "shared" ? Audience::shared : Audience::direct;
      parts.destination.address = text(*destination, "address");
    }
    const auto* allow = member(*document, "allow_sensitive");
    parts.allow_sensitive = allow != nullptr && allow->is_boolean() && allow->get<bool>();
    parts.update_key = text(*document, "update_key");
    parts.note = text(*document, "note");
    if (auto* overrides = object(*document, "overrides")) parts.overrides = std::move(*overrides);
    each(*document, "items", [&](nlohmann::json& n) { parts.items.push_back(item(n)); });
    return parts;
  }

 private:
  using Json = nlohmann::json;

  static Json* member(Json& from, const char* name) {
    if (!from.is_object()) return nullptr;
    const auto found = from.find(name);
    return found == from.end() ? nullptr : &*found;
  }
  static Json* object(Json& from, const char* name) {
    auto* found = member(from, name);
    return found != nullptr && found->is_object() ? found : nullptr;
  }
  static std::string text(Json& value) { return value.is_string() ? std::move(value.get_ref<std::string&>()) : std::string(); }
  static std::string text(Json& from, const char* name) {
    auto* found = member(from, name);
    return found == nullptr ? std::string() : text(*found);
  }

  template <class Visit>
  static void each(Json& from, const char* name, Visit visit) {
    auto* list = member(from, name);
    if (list == nullptr || !list->is_array()) return;
    for (Json& value : *list) visit(value);
  }

  static Item item(Json& n) {
    Item item;
    item.id = text(n, "id");
    item.source = text(n, "source");
    item.msg_id = text(n, "msg_id");
    if (const auto* at = member(n, "received_at_ms"); at != nullptr && at->is_number_integer()) {
      item.received_at = Timestamp(Millis(at->get<std::int64_t>()));
    }
    item.name = text(n, "name");
    item.template_id = text(n, "template_id");
    item.title = text(n, "title");
    item.title_markdown = text(n, "title_markdown");
    item.body = text(n, "body");
    item.body_markdown = text(n, "body_markdown");
    if (auto* r = object(n, "recipient")) item.recipient = {text(*r, "id"), text(*r, "email"), text(*r, "name"), text(*r, "username")};
    each(n, "actions", [&](Json& action) { item.actions.push_back({text(action, "label"), text(action, "url")}); });
    if (auto* labels = object(n, "labels")) {
      for (auto& [key, value] : labels->items()) {
        if (value.is_string()) item.labels.emplace(key, text(value));
      }
    }
    if (auto* data = object(n, "data"); data != nullptr && !data->empty()) item.data = std::move(*data);
    each(n, "targets", [&](Json& target) {
      if (target.is_string()) item.targets.push_back(text(target));
    });
    item.severity = text(n, "severity");
    return item;
  }
};

}  // namespace belfry::sdk::detail
