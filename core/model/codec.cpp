#include "model/codec.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <stdexcept>

#include "base/utf8.hpp"
#include "model/json_writer.hpp"
#include "model/names.hpp"

namespace belfry::model {

using nlohmann::json;

namespace {

// The members that plugins see, which are also the first part of the stored form.
void write_visible(JsonWriter& w, const Notification& n) {
  w.member("id", n.id).member("source", n.source).member("msg_id", n.msg_id);
  w.member("received_at_ms", std::int64_t{n.received_at.time_since_epoch().count()});
  w.member("name", n.name).member("template_id", n.template_id);
  w.member("title", n.title).member("title_markdown", n.title_markdown).member("body", n.body).member("body_markdown", n.body_markdown);
  const auto& r = n.recipient;
  w.key("recipient").open('{');
  w.member("id", r.id).member("email", r.email).member("name", r.name).member("username", r.username).close('}');
  w.key("actions").open('[');
  for (const auto& action : n.actions) w.open('{').member("label", action.label).member("url", action.url).close('}');
  w.close(']').key("labels").open('{');
  for (const auto& [name, value] : n.labels) w.member(name, value);
  w.close('}').member("data", n.data).key("targets").open('[');
  for (const auto& target : n.targets) w.value(target);
  w.close(']').member("severity", n.severity);
}

template <class Read>
auto guarded(std::string_view bytes, const char* what, Read read) -> base::Result<decltype(read(std::declval<const json&>()))> {
  const auto document = json::parse(bytes, nullptr, false);
  if (!document.is_object()) return base::fail(std::string("stored ") + what + " is not a JSON object");
  try {
    return read(document);
  } catch (const json::exception& e) {
    return base::fail(std::string("stored ") + what + " cannot be read: " + e.what());
  }
}

// ---- decoding the output of encode(); an invalid field throws its name

using Value = rapidjson::Value;

[[noreturn]] void bad(const char* name) { throw std::runtime_error(name); }

const Value& field(const Value& object, const char* name) {
  if (!object.IsObject()) bad(name);
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd()) bad(name);
  return found->value;
}

std::string text_of(const Value& value, const char* name) {
  if (!value.IsString()) bad(name);
  return {value.GetString(), value.GetStringLength()};
}
std::string text(const Value& object, const char* name) { return text_of(field(object, name), name); }

base::Millis millis(const Value& object, const char* name) {
  const auto& value = field(object, name);
  if (!value.IsInt64()) bad(name);
  return base::Millis(value.GetInt64());
}

template <class Add>
void each(const Value& object, const char* name, Add add) {
  const auto& list = field(object, name);
  if (!list.IsArray()) bad(name);
  for (const auto& value : list.GetArray()) add(value);
}

// Rarely present, so a second pass through nlohmann::json, which the rest of the code uses, is cheap enough.
json tree(const Value& value) {
  if (value.IsNull()) return nullptr;
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return json::parse(std::string_view(buffer.GetString(), buffer.GetSize()));
}

Notification read_notification(const Value& d) {
  Notification n;
  n.id = text(d, "id");
  n.source = text(d, "source");
  n.msg_id = text(d, "msg_id");
  n.received_at = base::Timestamp(millis(d, "received_at_ms"));
  n.name = text(d, "name");
  n.template_id = text(d, "template_id");
  n.title = text(d, "title");
  n.title_markdown = text(d, "title_markdown");
  n.body = text(d, "body");
  n.body_markdown = text(d, "body_markdown");
  const auto& r = field(d, "recipient");
  n.recipient = {text(r, "id"), text(r, "email"), text(r, "name"), text(r, "username")};
  each(d, "actions", [&](const Value& action) { n.actions.push_back({text(action, "label"), text(action, "url")}); });
  const auto& labels = field(d, "labels");
  if (!labels.IsObject()) bad("labels");
  for (const auto& label : labels.GetObject()) n.labels[text_of(label.name, "labels")] = text_of(label.value, "labels");
  n.data = tree(field(d, "data"));
  each(d, "targets", [&](const Value& target) { n.targets.push_back(text_of(target, "targets")); });
  n.severity = text(d, "severity");
  const auto& sensitive = field(d, "sensitive");
  if (!sensitive.IsBool()) bad("sensitive");
  n.sensitive = sensitive.GetBool();
  n.update_key = text(d, "update_key");
  if (d.HasMember("max_age_ms")) n.max_age = millis(d, "max_age_ms");
  if (d.HasMember("before")) n.original = tree(field(d, "before"));
  return n;
}

}  // namespace

std::string Destination::key() const { return std::string(to_string(audience)) + ":" + address; }

std::string encode(const Notification& n) {
  JsonWriter w;
  w.open('{');
  write_visible(w, n);
  w.member("sensitive", n.sensitive).member("update_key", n.update_key);
  if (n.max_age) w.member("max_age_ms", std::int64_t{n.max_age->count()});
  if (!n.original.is_null()) w.member("before", n.original);
  return w.close('}').take();
}

base::Result<Notification> decode_notification(std::string_view bytes) {
  if (!base::is_utf8(bytes)) return base::fail("stored notification is not valid UTF-8");
  // Holds the usual notification. The allocator's own first chunk is so large that freeing it makes malloc trim the heap every time.
  std::array<char, 16UL * 1024> storage;
  rapidjson::MemoryPoolAllocator<> pool(storage.data(), storage.size());
  rapidjson::Document document(&pool);
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag>(bytes.data(), bytes.size());
  if (document.HasParseError() || !document.IsObject()) return base::fail("stored notification is not a JSON object");
  try {
    return read_notification(document);
  } catch (const std::exception& e) {
    return base::fail(std::string("stored notification cannot be read: ") + e.what());
  }
}

std::string encode(const Outcome& o) {
  JsonWriter w;
  w.open('{').member("code", to_string(o.code)).member("maybe_delivered", o.maybe_delivered);
  w.member("http_status", std::int64_t{o.http_status}).member("limit_scope", to_string(o.limit_scope));
  w.member("reason", o.reason).member("detail", o.detail).member("receipt", o.receipt);
  if (o.retry_after) w.member("retry_after_ms", std::int64_t{o.retry_after->count()});
  return w.close('}').take();
}

base::Result<Outcome> decode_outcome(std::string_view bytes) {
  return guarded(bytes, "outcome", [](const json& d) {
    Outcome o;
    o.code = from_string<OutcomeCode>(d.at("code").get<std::string>()).value_or(OutcomeCode::retry);
    o.maybe_delivered = d.at("maybe_delivered");
    o.http_status = d.at("http_status");
    o.limit_scope = from_string<LimitScope>(d.at("limit_scope").get<std::string>()).value_or(LimitScope::none);
    o.reason = d.at("reason");
    o.detail = d.at("detail");
    o.receipt = d.at("receipt");
    if (d.contains("retry_after_ms")) o.retry_after = base::Millis(d.at("retry_after_ms").get<std::int64_t>());
    return o;
  });
}

std::string message_document(const Message& message) {
  const auto& d = message.delivery;
  JsonWriter w;
  w.open('{').member("version", std::int64_t{1}).member("kind", to_string(d.kind)).member("delivery_id", d.id);
  w.key("destination").open('{');
  w.member("audience", to_string(d.destination.audience)).member("address", d.destination.address).close('}');
  if (!d.note.empty()) w.member("note", d.note);
  w.member("overrides", d.overrides).member("sensitive", d.sensitive).member("allow_sensitive", d.allow_sensitive);
  w.member("possible_duplicate", d.possible_duplicate);
  w.member("update_key", message.items.empty() ? std::string() : message.items.front().update_key);
  w.key("items").open('[');
  for (const auto& item : message.items) {
    w.open('{');
    write_visible(w, item);
    w.close('}');
  }
  return w.close(']').close('}').take();
}

}  // namespace belfry::model
