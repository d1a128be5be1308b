#include "app/operators/test_notification.hpp"

#include <algorithm>

#include "app/operators/audit_log.hpp"
#include "app/operators/why_not_sent.hpp"
#include "base/ids.hpp"
#include "route/addressing.hpp"

namespace belfry::app {
namespace {

constexpr std::string_view kTestEvent = "Test notification";
constexpr std::string_view kTestTitle = "Test notification from Belfry";
constexpr std::string_view kTestBody = "An operator sent this message to test the delivery. No action is needed.";
constexpr base::Millis kMaxDirectAge = std::chrono::hours(1);  // past the rules: nobody waits for such a test any longer

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
  return n;
}

std::string joined_names(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::unexpected<base::Error> invalid(std::string why) { return base::fail(base::ErrorCode::invalid, std::move(why)); }

std::string names_of(const delivery::SinkTraitsMap& sinks) {
  std::vector<std::string> names;
  for (const auto& [name, traits] : sinks) names.push_back(name);
  return joined_names(names);
}

base::Result<void> check_sink(const std::string& sink, const delivery::SinkTraitsMap& sinks) {
  if (sinks.empty()) return invalid("the configuration has no sinks; add one");
  if (!sink.empty() && !sinks.contains(sink)) return invalid("there is no sink \"" + sink + "\"; the sinks are " + names_of(sinks));
  return {};
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
  delivery.expires_at = now + std::min(traits.max_age, kMaxDirectAge);
  return out;
}

struct Sending {
  OperatorServices services;
  store::Operator by;
  std::string notification;  // id
  store::Handler<api::Sent> handler;
  std::vector<std::string> sinks = {};
};

void reply_with_deliveries(const std::shared_ptr<Sending>& sending) {
  sending->services.store.history(sending->notification, [sending](const base::Result<store::History>& history) {
    if (!history) return sending->handler(std::unexpected(history.error()));
    api::Sent sent{.notification = sending->notification};
    for (const auto& delivery : history->deliveries) sent.deliveries.push_back(delivery.id);
    sending->handler(std::move(sent));
  });
}

store::Handler<store::Accepted> on_accepted(std::shared_ptr<Sending> sending) {
  return [sending = std::move(sending)](const base::Result<store::Accepted>& accepted) {
    if (!accepted) return sending->handler(std::unexpected(accepted.error()));
    record_action(sending->services, {.action = "send",
                                      .by = std::move(sending->by.name),
                                      .reason = std::move(sending->by.reason),
                                      .subject = "notification " + sending->notification + " to " + joined_names(sending->sinks),
                                      .deliveries = sending->sinks.size()});
    reply_with_deliveries(sending);
  };
}

// A second test within the window of a dedupe is sent as well, and no test keeps a real notification from being sent.
delivery::Acceptor::Review reviewed(std::shared_ptr<Sending> sending, std::string sinks) {
  return [sending = std::move(sending), sinks = std::move(sinks)](store::Acceptance& acceptance,
                                                                  const route::Trace& trace) -> base::Result<void> {
    if (acceptance.deliveries.empty())
      return invalid(why_not_sent(acceptance, trace) + "; nothing was sent; to send it past the rules, name a sink with --sink: " + sinks);
    for (auto& planned : acceptance.deliveries) {
      planned.dedupe.reset();
      sending->sinks.push_back(planned.delivery.sink);
    }
    return {};
  };
}

}  // namespace

void send_test(const OperatorServices& services, api::TestNotification message, store::Operator by, store::Handler<api::Sent> handler) {
  const auto live = services.live.get();
  if (const auto checked = check_sink(message.sink, live->plans); !checked) return handler(std::unexpected(checked.error()));
  auto notification = notification_of(message, services.clock.now());
  const auto sending = std::make_shared<Sending>(Sending{services, std::move(by), notification.id, std::move(handler)});
  if (message.sink.empty())
    return live->pipeline->accept_reviewed(std::move(notification), reviewed(sending, names_of(live->plans)), on_accepted(sending));
  sending->sinks = {message.sink};
  store::Acceptance acceptance;
  acceptance.notification = std::move(notification);
  acceptance.deliveries = {planned_test(message.sink, live->plans.at(message.sink), acceptance.notification)};
  live->pipeline->accept_planned(std::move(acceptance), on_accepted(sending));
}

}  // namespace belfry::app
