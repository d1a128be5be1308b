#include "delivery/pipeline.hpp"

#include "base/gateway_clock.hpp"

namespace belfry::delivery {
namespace {

// Each rule that was asked, then where the notification goes. Why a rule did not match may quote what a notification says, so that of a
// sensitive one is left out.
void log_decisions(const base::Logger& log, const store::Acceptance& acceptance, const route::Trace& trace) {
  const auto& notification = acceptance.notification;
  const auto entries = [&](const char* kind, const std::vector<route::Trace::Entry>& rules) {
    for (const auto& rule : rules) {
      if (rule.verdict == route::Trace::Verdict::not_reached) continue;
      log.debug(std::string(kind) + " " + route::to_string(rule.verdict),
                {{"notification", notification.id},
                 {kind, rule.name},
                 {"at", rule.where},
                 {"why", notification.sensitive ? std::string("not shown: the notification is sensitive") : rule.why}});
    }
  };
  entries("processor", trace.processors);
  entries("route", trace.routes);
  for (const auto& decision : acceptance.decisions)
    log.debug("decided", {{"notification", notification.id}, {"what", decision.what}, {"detail", decision.detail}});
  for (const auto& planned : acceptance.deliveries) {
    const auto& delivery = planned.delivery;
    log.debug("delivery planned", {{"notification", notification.id},
                                   {"delivery", delivery.id},
                                   {"route", delivery.route},
                                   {"sink", delivery.sink},
                                   {"due", base::to_rfc3339(delivery.due_at + acceptance.wall_ahead)}});
  }
}

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const Planner> planner, std::shared_ptr<const StormWatch> storm, store::Store& store,
                   Dispatcher& dispatcher, RecipientZones& zones, const base::Clock& clock, base::Logger log)
    : parts_(std::make_shared<const Parts>(
          Parts{std::move(planner), std::move(storm), store, dispatcher, zones, clock, log.named("pipeline")})) {}

void Pipeline::accept(model::Notification notification, store::Handler<store::Accepted> handler) {
  if (!parts_->planner->wants_own_zones()) return plan(*parts_, std::move(notification), std::nullopt, std::move(handler));
  const auto email = notification.recipient.email;
  parts_->zones.find(
      email, [parts = parts_, notification = std::move(notification), handler = std::move(handler)](
                 const std::optional<base::TimeZone>& own) mutable { plan(*parts, std::move(notification), own, std::move(handler)); });
}

void Pipeline::plan(const Parts& parts, model::Notification notification, const std::optional<base::TimeZone>& own,
                    store::Handler<store::Accepted> handler) {
  const bool traced = parts.log.logs(base::LogLevel::debug);
  route::Trace trace;
  auto acceptance =
      parts.planner->plan(std::move(notification), parts.clock.now(), traced ? &trace : nullptr, own, base::wall_ahead(parts.clock));
  if (traced) log_decisions(parts.log, acceptance, trace);
  if (parts.storm) parts.storm->merge(acceptance);
  if (acceptance.deliveries.empty() && !acceptance.dropped) {
    parts.log.warn("no route took a notification; it is kept and counted as unrouted",
                   {{"notification", acceptance.notification.id}, {"name", acceptance.notification.name}});
  }
  parts.store.accept(std::move(acceptance),
                     [&dispatcher = parts.dispatcher, handler = std::move(handler)](base::Result<store::Accepted> accepted) mutable {
                       if (accepted && !accepted->duplicate) dispatcher.notify(accepted->sinks);
                       handler(std::move(accepted));
                     });
}

}  // namespace belfry::delivery
