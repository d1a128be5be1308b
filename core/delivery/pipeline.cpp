#include "delivery/pipeline.hpp"

namespace belfry::delivery {

Pipeline::Pipeline(Planner planner, store::Store& store, Dispatcher& dispatcher, const base::Clock& clock, base::Logger log)
    : planner_(std::move(planner)), store_(store), dispatcher_(dispatcher), clock_(clock), log_(log.named("pipeline")) {}

void Pipeline::accept(model::Notification notification, store::Handler<store::Accepted> handler) {
  auto acceptance = planner_.plan(std::move(notification), clock_.now());
  if (acceptance.deliveries.empty() && !acceptance.dropped) {
    log_.warn("no route took a notification; it is kept and counted as unrouted",
              {{"notification", acceptance.notification.id}, {"name", acceptance.notification.name}});
  }
  store_.accept(std::move(acceptance), [this, handler = std::move(handler)](base::Result<store::Accepted> accepted) mutable {
    if (accepted && !accepted->duplicate) dispatcher_.notify(accepted->sinks);
    handler(std::move(accepted));
  });
}

}  // namespace belfry::delivery
