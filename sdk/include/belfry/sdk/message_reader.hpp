// Parses a message document. Uses RapidJSON because every delivery goes through here and most of a document is plain text; JSON values in
// the public API are nlohmann::json.
#pragma once
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "belfry/sdk/message_parts.hpp"

namespace belfry::sdk::detail {

// The members of a message document, as typed fields. A member that is absent or of the wrong type is empty.
struct MessageParts {
  bool digest = false;
  Destination destination;
  bool allow_sensitive = false;
  std::string update_key;
  std::string note;
  nlohmann::json overrides = nlohmann::json::object();
  std::vector<Item> items;
};

class MessageReader {
 public:
  using Value = rapidjson::Value;

  // Returns nullopt if `body` is not a JSON object.
  static std::optional<MessageParts> read(std::string_view body) {
    // Large enough for a typical message. The allocator's own first chunk (64 KiB) is so large that freeing it makes malloc consolidate its
    // free memory every time.
    std::array<char, 16UL * 1024> scratch;
    rapidjson::MemoryPoolAllocator<> pool(scratch.data(), scratch.size());
    rapidjson::Document document(&pool);
    document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag>(body.data(), body.size());
    if (document.HasParseError() || !document.IsObject()) return std::nullopt;
    MessageParts parts;
    parts.digest = text(document, "kind") == "digest";
    const Value* destination = object(document, "destination");
    parts.destination.audience = text(destination, "audience") == "shared" ? Audience::shared : Audience::direct;
    parts.destination.address = text(destination, "address");
    const Value* allow = member(document, "allow_sensitive");
    parts.allow_sensitive = allow != nullptr && allow->IsBool() && allow->GetBool();
    parts.update_key = text(document, "update_key");
    parts.note = text(document, "note");
    if (const Value* overrides = object(document, "overrides"); overrides != nullptr && overrides->MemberCount() > 0) {
      parts.overrides = tree(*overrides);
    }
    each(document, "items", [&](const Value& n) { parts.items.push_back(item(n)); });
    return parts;
  }

 private:
  static const Value* member(const Value& from, const char* name) {
    if (!from.IsObject()) return nullptr;
    const auto found = from.FindMember(name);
    return found == from.MemberEnd() ? nullptr : &found->value;
  }
  static const Value* object(const Value& from, const char* name) {
    const Value* found = member(from, name);
    return found != nullptr && found->IsObject() ? found : nullptr;
  }
  static std::string string(const Value& value) {
    return value.IsString() ? std::string(value.GetString(), value.GetStringLength()) : std::string();
  }
  static std::string text(const Value& from, const char* name) {
    const Value* found = member(from, name);
    return found == nullptr ? std::string() : string(*found);
  }
  static std::string text(const Value* from, const char* name) { return from == nullptr ? std::string() : text(*from, name); }

  template <class Visit>
  static void each(const Value& from, const char* name, Visit visit) {
    const Value* list = member(from, name);
    if (list == nullptr || !list->IsArray()) return;
    for (const Value& value : list->GetArray()) visit(value);
  }

  static nlohmann::json tree(const Value& value) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    value.Accept(writer);
    return nlohmann::json::parse(std::string_view(buffer.GetString(), buffer.GetSize()));
  }

  static Item item(const Value& n) {
    Item item;
    item.id = text(n, "id");
    item.source = text(n, "source");
    item.msg_id = text(n, "msg_id");
    if (const Value* at = member(n, "received_at_ms"); at != nullptr && at->IsInt64()) item.received_at = Timestamp(Millis(at->GetInt64()));
    item.name = text(n, "name");
    item.template_id = text(n, "template_id");
    item.title = text(n, "title");
    item.title_markdown = text(n, "title_markdown");
    item.body = text(n, "body");
    item.body_markdown = text(n, "body_markdown");
    const Value* r = object(n, "recipient");
    item.recipient = {text(r, "id"), text(r, "email"), text(r, "name"), text(r, "username")};
    each(n, "actions", [&](const Value& action) { item.actions.push_back({text(action, "label"), text(action, "url")}); });
    if (const Value* labels = object(n, "labels")) {
      for (const auto& label : labels->GetObject()) {
        if (label.value.IsString()) item.labels.emplace(string(label.name), string(label.value));
      }
    }
    if (const Value* data = object(n, "data"); data != nullptr && data->MemberCount() > 0) item.data = tree(*data);
    each(n, "targets", [&](const Value& target) {
      if (target.IsString()) item.targets.push_back(string(target));
    });
    item.severity = text(n, "severity");
    return item;
  }
};

}  // namespace belfry::sdk::detail
