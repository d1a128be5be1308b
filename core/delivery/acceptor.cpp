#include "delivery/acceptor.hpp"

#include "base/gateway_clock.hpp"

namespace belfry::delivery {
namespace {

// Logs each rule that was evaluated, then the destinations. The reason for a mismatch may quote the notification, so it is left out for a
// sensitive one.
void log_decisions(const base::Logger& log, const store::Acceptance& acceptance, const route::Trace& trace) {
  const bool sensitive = acceptance.notification.sensitive;
  const auto entries = [&](const char* kind, const std::vector<route::Trace::Entry>& rules) {
    for (const auto& rule : rules) {
      if (rule.match == route::Trace::Match::not_reached) continue;
      log.debug(std::string(kind) + " " + route::to_string(rule.match),
                {{kind, rule.name},
                 {"at", rule.location},
                 {"why", sensitive ? std::string("not shown: the notification is sensitive") : rule.why}});
    }
  };
  entries("processor", trace.processors);
  entries("route", trace.routes);
  for (const auto& decision : acceptance.decisions) log.debug("decided", {{"what", decision.event}, {"detail", decision.detail}});
  for (const auto& planned : acceptance.deliveries) {
    const auto& delivery = planned.delivery;
    log.debug("delivery planned", {{"delivery", delivery.id},
                                   {"route", delivery.route},
                                   {"sink", delivery.sink},
                                   {"due", base::to_rfc3339(delivery.due_at + acceptance.wall_offset)}});
  }
}

}  // namespace

Acceptor::Acceptor(std::shared_ptr<const Planner> planner, std::shared_ptr<const OverloadMonitor> overload, store::Store& store,
                   Dispatcher& dispatcher, RecipientZones& zones, const base::Clock& clock, base::Logger log)
    : parts_(std::make_shared<const Parts>(
          Parts{std::move(planner), std::move(overload), store, dispatcher, zones, clock, log.named("pipeline")})) {}

void Acceptor::accept(model::Notification notification, store::Handler<store::Accepted> handler) {
  if (!parts_->planner->uses_recipient_zones()) return plan(*parts_, std::move(notification), std::nullopt, std::move(handler));
  const auto email = notification.recipient.email;
  parts_->zones.find(email, [parts = parts_, notification = std::move(notification),
                             handler = std::move(handler)](const std::optional<base::TimeZone>& recipient_zone) mutable {
    plan(*parts, std::move(notification), recipient_zone, std::move(handler));
  });
}

void Acceptor::accept_planned(store::Acceptance acceptance, store::Handler<store::Accepted> handler) {
  store_planned(*parts_, std::move(acceptance), std::move(handler));
}

void Acceptor::plan(const Parts& parts, model::Notification notification, const std::optional<base::TimeZone>& recipient_zone,
                    store::Handler<store::Accepted> handler) {
  const bool traced = parts.log.enabled(base::LogLevel::debug);
  route::Trace trace;
  auto acceptance = parts.planner->plan(std::move(notification), parts.clock.now(), traced ? &trace : nullptr, recipient_zone,
                                        base::wall_offset(parts.clock));
  const auto log = [&] {
    const auto& notification = acceptance.notification;
    return parts.log.with({{"notification", notification.id}, {"msg_id", notification.msg_id}});
  };
  if (traced) log_decisions(log(), acceptance, trace);
  if (parts.overload) parts.overload->merge(acceptance);
  if (acceptance.deliveries.empty() && !acceptance.dropped) {
    log().warn("no route chose a sink for a notification; it is stored and counted as unrouted", {{"name", acceptance.notification.name}});
  }
  store_planned(parts, std::move(acceptance), std::move(handler));
}

void Acceptor::store_planned(const Parts& parts, store::Acceptance acceptance, store::Handler<store::Accepted> handler) {
  parts.store.accept(std::move(acceptance),
                     [&dispatcher = parts.dispatcher, handler = std::move(handler)](base::Result<store::Accepted> accepted) mutable {
                       if (accepted && !accepted->duplicate) dispatcher.notify(accepted->sinks);
                       handler(std::move(accepted));
                     });
}

}  // namespace belfry::delivery
