#include "model/codec.hpp"

#include "model/names.hpp"

namespace belfry::model {

using nlohmann::json;

namespace {

json to_json(const Recipient& recipient) {
  return {{"id", recipient.id}, {"email", recipient.email}, {"name", recipient.name}, {"username", recipient.username}};
}

json to_json(const std::vector<Action>& actions) {
  json list = json::array();
  for (const auto& action : actions) list.push_back({{"label", action.label}, {"url", action.url}});
  return list;
}

// What a plugin sees of a notification, and the first part of what the store keeps.
json visible(const Notification& n) {
  return {{"id", n.id},
          {"source", n.source},
          {"msg_id", n.msg_id},
          {"received_at_ms", n.received_at.time_since_epoch().count()},
          {"name", n.name},
          {"template_id", n.template_id},
          {"title", n.title},
          {"title_markdown", n.title_markdown},
          {"body", n.body},
          {"body_markdown", n.body_markdown},
          {"recipient", to_json(n.recipient)},
          {"actions", to_json(n.actions)},
          {"labels", n.labels},
          {"data", n.data},
          {"targets", n.targets},
          {"severity", n.severity}};
}

// Text was checked to be UTF-8 on its way in; `replace` keeps one bad byte from ever losing a delivery.
std::string dump(const json& document) { return document.dump(-1, ' ', false, json::error_handler_t::replace); }

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
  json document = visible(n);
  document["sensitive"] = n.sensitive;
  document["update_key"] = n.update_key;
  if (n.max_age) document["max_age_ms"] = n.max_age->count();
  return dump(document);
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
  json document = {{"code", to_string(o.code)},    {"maybe_delivered", o.maybe_delivered},
                   {"http_status", o.http_status}, {"limit_scope", to_string(o.limit_scope)},
                   {"reason", o.reason},           {"detail", o.detail},
                   {"receipt", o.receipt}};
  if (o.retry_after) document["retry_after_ms"] = o.retry_after->count();
  return dump(document);
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

json message_document(const Message& message) {
  const auto& delivery = message.delivery;
  json items = json::array();
  for (const auto& item : message.items) items.push_back(visible(item));
  return {{"version", 1},
          {"kind", to_string(delivery.kind)},
          {"delivery_id", delivery.id},
          {"destination", {{"audience", to_string(delivery.destination.audience)}, {"address", delivery.destination.address}}},
          {"overrides", delivery.overrides},
          {"sensitive", delivery.sensitive},
          {"allow_sensitive", delivery.allow_sensitive},
          {"possible_duplicate", delivery.possible_duplicate},
          {"update_key", message.items.empty() ? "" : message.items.front().update_key},
          {"items", std::move(items)}};
}

}  // namespace belfry::model
