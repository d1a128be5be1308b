#include "app/operators/test_notification.hpp"

#include <algorithm>

#include "app/operators/audit_log.hpp"
#include "base/ids.hpp"
#include "route/addressing.hpp"

namespace belfry::app {
namespace {

constexpr std::string_view kTestEvent = "Test notification";
constexpr std::string_view kTestTitle = "Test notification from Belfry";
constexpr std::string_view kTestBody = "An operator sent this message to test the delivery. No action is needed.";
constexpr base::Millis kMaxTestAge = std::chrono::hours(1);  // nobody waits for a test any longer

model::Notification notification_of(const api::TestNotification& message, base::Timestamp now) {
  model::Notification n;
  n.id = base::new_id(now);
  n.source = kOwnSource;
  n.msg_id = base::new_id(now);
  n.received_at = now;
  n.name = kTestEvent;
  n.title = n.title_markdown = message.title.empty() ? std::string(kTestTitle) : message.title;
  n.body = n.body_markdown = message.body.empty() ? std::string(kTestBody) : message.body;
  n.recipient.email = message.to;
  n.severity = message.severity;
  n.max_age = kMaxTestAge;
  return n;
}

std::string joined_names(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

// The sinks that the message goes to: the one that it names, or all that send direct messages.
base::Result<std::vector<std::string>> chosen_sinks(const api::TestNotification& message, const delivery::SinkTraitsMap& sinks) {
  std::vector<std::string> direct, all;
  for (const auto& [name, traits] : sinks) {
    all.push_back(name);
    if (route::destination_of(traits.addressing, nlohmann::json::object(), {.email = message.to}).audience == model::Audience::direct)
      direct.push_back(name);
  }
  const auto invalid = [](std::string why) { return base::fail(base::ErrorCode::invalid, std::move(why)); };
  if (all.empty()) return invalid("the configuration has no sinks; add one");
  if (!message.sink.empty()) {
    if (sinks.contains(message.sink)) return std::vector{message.sink};
    return invalid("there is no sink \"" + message.sink + "\"; the sinks are " + joined_names(all));
  }
  if (direct.empty()) return invalid("no sink sends direct messages; name one of " + joined_names(all));
  return direct;
}

store::PlannedDelivery planned_test(const std::string& sink, const delivery::SinkTraits& traits, const model::Notification& notification) {
  store::PlannedDelivery out;
  auto& delivery = out.delivery;
  const auto now = notification.received_at;
  delivery.id = base::new_id(now);
  delivery.notification_id = notification.id;
  delivery.sink = sink;
  delivery.destination = route::destination_of(traits.addressing, delivery.overrides, notification.recipient);
  delivery.created_at = delivery.due_at = now;
  delivery.expires_at = now + std::min(traits.max_age, kMaxTestAge);
  return out;
}

}  // namespace

void send_test(const OperatorServices& services, api::TestNotification message, store::Operator by, store::Handler<api::Sent> handler) {
  const auto live = services.live.get();
  const auto sinks = chosen_sinks(message, live->plans);
  if (!sinks) return handler(std::unexpected(sinks.error()));
  store::Acceptance acceptance;
  acceptance.notification = notification_of(message, services.clock.now());
  api::Sent sent{.notification = acceptance.notification.id};
  for (const auto& sink : *sinks) {
    acceptance.deliveries.push_back(planned_test(sink, live->plans.at(sink), acceptance.notification));
    sent.deliveries.push_back(acceptance.deliveries.back().delivery.id);
  }
  store::OperatorAction action{.action = "send",
                               .by = std::move(by.name),
                               .reason = std::move(by.reason),
                               .subject = "notification " + sent.notification + " to " + joined_names(*sinks),
                               .deliveries = sent.deliveries.size()};
  live->pipeline->accept_planned(std::move(acceptance),
                                 [services, sent = std::move(sent), action = std::move(action),
                                  handler = std::move(handler)](const base::Result<store::Accepted>& accepted) mutable {
                                   if (!accepted) return handler(std::unexpected(accepted.error()));
                                   record_action(services, std::move(action));
                                   handler(std::move(sent));
                                 });
}

}  // namespace belfry::app
