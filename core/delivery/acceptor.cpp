#include "delivery/acceptor.hpp"

#include <utility>

#include "base/gateway_clock.hpp"
#include "model/original.hpp"

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
  accept_reviewed(std::move(notification), nullptr, std::move(handler));
}

template <class Use>
void Acceptor::with_zone(const std::string& email, Use use) const {
  if (!parts_->planner->uses_recipient_zones()) return use(std::nullopt);
  parts_->zones.find(email, std::move(use));
}

void Acceptor::accept_reviewed(model::Notification notification, Review review, store::Handler<store::Accepted> handler) {
  const auto email = notification.recipient.email;
  with_zone(email, [parts = parts_, notification = std::move(notification), review = std::move(review),
                    handler = std::move(handler)](const std::optional<base::TimeZone>& recipient_zone) mutable {
    auto acceptance = plan(*parts, std::move(notification), recipient_zone, std::move(review));
    if (!acceptance) return handler(std::unexpected(std::move(acceptance.error())));
    if (acceptance->deliveries.empty() && !acceptance->dropped) {
      const auto& unrouted = acceptance->notification;
      parts->log.with({{"notification", unrouted.id}, {"msg_id", unrouted.msg_id}})
          .warn("no route chose a sink for a notification; it is stored and counted as unrouted", {{"name", unrouted.name}});
    }
    store_planned(*parts, *std::move(acceptance), std::move(handler));
  });
}

void Acceptor::reroute(model::Notification notification, Review review, store::Operator by, store::Handler<store::Changed> handler) {
  const auto email = notification.recipient.email;
  with_zone(email, [parts = parts_, notification = model::restore_original(std::move(notification)), review = std::move(review),
                    by = std::move(by), handler = std::move(handler)](const std::optional<base::TimeZone>& recipient_zone) mutable {
    const auto now = parts->clock.now();
    const auto received_at = std::exchange(notification.received_at, now);  // max_age counts from it
    auto acceptance = plan(*parts, std::move(notification), recipient_zone, std::move(review));
    if (!acceptance) return handler(std::unexpected(std::move(acceptance.error())));
    acceptance->notification.received_at = received_at;
    parts->store.reroute(*std::move(acceptance), std::move(by), now,
                         [&dispatcher = parts->dispatcher, handler = std::move(handler)](base::Result<store::Changed> changed) mutable {
                           if (changed) dispatcher.notify(changed->sinks);
                           handler(std::move(changed));
                         });
  });
}

void Acceptor::accept_planned(store::Acceptance acceptance, store::Handler<store::Accepted> handler) {
  store_planned(*parts_, std::move(acceptance), std::move(handler));
}

base::Result<store::Acceptance> Acceptor::plan(const Parts& parts, model::Notification notification,
                                               const std::optional<base::TimeZone>& recipient_zone, Review review) {
  const bool logged = parts.log.enabled(base::LogLevel::debug);
  route::Trace trace;
  auto acceptance = parts.planner->plan(std::move(notification), parts.clock.now(), logged || review ? &trace : nullptr, recipient_zone,
                                        base::wall_offset(parts.clock));
  if (logged) {
    const auto& planned = acceptance.notification;
    log_decisions(parts.log.with({{"notification", planned.id}, {"msg_id", planned.msg_id}}), acceptance, trace);
  }
  if (review) {
    if (auto reviewed = review(acceptance, trace); !reviewed) return std::unexpected(std::move(reviewed.error()));
  }
  if (parts.overload) parts.overload->merge(acceptance);
  return acceptance;
}

void Acceptor::store_planned(const Parts& parts, store::Acceptance acceptance, store::Handler<store::Accepted> handler) {
  parts.store.accept(std::move(acceptance),
                     [&dispatcher = parts.dispatcher, handler = std::move(handler)](base::Result<store::Accepted> accepted) mutable {
                       if (accepted && !accepted->duplicate) dispatcher.notify(accepted->sinks);
                       handler(std::move(accepted));
                     });
}

}  // namespace belfry::delivery
