#include "delivery/pipeline.hpp"

namespace belfry::delivery {

Pipeline::Pipeline(std::shared_ptr<const Planner> planner, std::shared_ptr<const StormWatch> storm, store::Store& store,
                   Dispatcher& dispatcher, const base::Clock& clock, base::Logger log)
    : planner_(std::move(planner)),
      storm_(std::move(storm)),
      store_(store),
      dispatcher_(dispatcher),
      clock_(clock),
      log_(log.named("pipeline")) {}

void Pipeline::accept(model::Notification notification, store::Handler<store::Accepted> handler) {
  auto acceptance = planner_->plan(std::move(notification), clock_.now());
  if (storm_) storm_->merge(acceptance);
  if (acceptance.deliveries.empty() && !acceptance.dropped) {
    log_.warn("no route took a notification; it is kept and counted as unrouted",
              {{"notification", acceptance.notification.id}, {"name", acceptance.notification.name}});
  }
  store_.accept(std::move(acceptance),
                [&dispatcher = dispatcher_, handler = std::move(handler)](base::Result<store::Accepted> accepted) mutable {
                  if (accepted && !accepted->duplicate) dispatcher.notify(accepted->sinks);
                  handler(std::move(accepted));
                });
}

}  // namespace belfry::delivery
