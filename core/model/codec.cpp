#include "model/codec.hpp"

#include "model/json_writer.hpp"
#include "model/names.hpp"

namespace belfry::model {

using nlohmann::json;

namespace {

// What a plugin sees of a notification, and the first part of what the store keeps.
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

}  // namespace

std::string Destination::key() const { return std::string(to_string(audience)) + ":" + address; }

std::string encode(const Notification& n) {
  JsonWriter w;
  w.open('{');
  write_visible(w, n);
  w.member("sensitive", n.sensitive).member("update_key", n.update_key);
  if (n.max_age) w.member("max_age_ms", std::int64_t{n.max_age->count()});
  return w.close('}').take();
}

base::Result<Notification> decode_notification(std::string_view bytes) {
  return guarded(bytes, "notification", [](const json& d) {
    Notification n;
    n.id = d.at("id");
    n.source = d.at("source");
    n.msg_id = d.at("msg_id");
    n.received_at = base::Timestamp(base::Millis(d.at("received_at_ms").get<std::int64_t>()));
    n.name = d.at("name");
    n.template_id = d.at("template_id");
    n.title = d.at("title");
    n.title_markdown = d.at("title_markdown");
    n.body = d.at("body");
    n.body_markdown = d.at("body_markdown");
    const auto& r = d.at("recipient");
    n.recipient = {r.at("id"), r.at("email"), r.at("name"), r.at("username")};
    for (const auto& action : d.at("actions")) n.actions.push_back({action.at("label"), action.at("url")});
    n.labels = d.at("labels").get<std::map<std::string, std::string>>();
    n.data = d.at("data");
    n.targets = d.at("targets").get<std::vector<std::string>>();
    n.severity = d.at("severity");
    n.sensitive = d.at("sensitive");
    n.update_key = d.at("update_key");
    if (d.contains("max_age_ms")) n.max_age = base::Millis(d.at("max_age_ms").get<std::int64_t>());
    return n;
  });
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
