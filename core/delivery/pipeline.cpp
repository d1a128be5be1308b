#include "delivery/pipeline.hpp"

namespace belfry::delivery {

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
  auto acceptance = parts.planner->plan(std::move(notification), parts.clock.now(), nullptr, own);
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
