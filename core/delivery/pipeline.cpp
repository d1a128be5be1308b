#include "delivery/pipeline.hpp"

#include "base/ids.hpp"
#include "policy/due.hpp"

namespace belfry::delivery {

Pipeline::Pipeline(route::Tree tree, std::map<std::string, base::Millis> max_age, store::Store& store, Dispatcher& dispatcher,
                   const base::Clock& clock, base::Logger log)
    : tree_(std::move(tree)),
      max_age_(std::move(max_age)),
      store_(store),
      dispatcher_(dispatcher),
      clock_(clock),
      log_(log.named("pipeline")) {}

store::Acceptance Pipeline::plan(model::Notification notification) const {
  const auto now = clock_.now();
  store::Acceptance acceptance;
  auto decision = tree_.route(notification);
  for (auto& target : decision.targets) {
    model::Delivery delivery;
    delivery.id = base::new_id(now);
    delivery.notification_id = notification.id;
    delivery.expires_at = policy::expires_at(notification.received_at, max_age_.at(target.sink), target.max_age, notification.max_age);
    delivery.sink = std::move(target.sink);
    delivery.destination = std::move(target.destination);
    delivery.overrides = std::move(target.overrides);
    delivery.route = std::move(target.route);
    delivery.fallback = std::move(target.fallback);
    delivery.sensitive = notification.sensitive;
    delivery.allow_sensitive = target.allow_sensitive;
    delivery.created_at = now;
    delivery.due_at = now;
    acceptance.deliveries.push_back({std::move(delivery), std::nullopt, std::nullopt, std::nullopt});
  }
  for (auto& note : decision.notes) {
    acceptance.decisions.push_back({now, notification.id, "", std::move(note.what), std::move(note.detail)});
  }
  acceptance.notification = std::move(notification);
  return acceptance;
}

void Pipeline::accept(model::Notification notification, store::Handler<store::Accepted> handler) {
  auto acceptance = plan(std::move(notification));
  if (acceptance.deliveries.empty()) {
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
