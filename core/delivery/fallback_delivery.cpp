#include "delivery/fallback_delivery.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "route/addressing.hpp"

namespace belfry::delivery {

std::optional<model::Delivery> fallback_delivery(const model::Delivery& ended, const model::Notification& notification,
                                                 const SinkTraitsMap& sinks, bool possible_duplicate, base::Timestamp now) {
  for (std::size_t i = 0; i < ended.fallback.size(); ++i) {
    const auto plan = sinks.find(ended.fallback[i]);
    if (plan == sinks.end()) continue;
    const auto destination = route::destination_of(plan->second.addressing, nlohmann::json::object(), notification.recipient);
    if (route::exposes(destination, ended.sensitive, ended.allow_sensitive)) continue;

    model::Delivery next;
    next.id = base::new_id(now);
    next.kind = ended.kind;
    next.notification_id = ended.notification_id;
    next.sink = ended.fallback[i];
    next.destination = destination;
    next.route = ended.route;
    next.fallback.assign(ended.fallback.begin() + static_cast<std::ptrdiff_t>(i) + 1, ended.fallback.end());
    next.sensitive = ended.sensitive;
    next.allow_sensitive = ended.allow_sensitive;
    next.created_at = now;
    next.due_at = now;
    // The sink's max_age starts now. The notification's max_age counts from its receipt: an expired passcode has expired here too.
    next.expires_at = now + plan->second.max_age;
    if (notification.max_age) next.expires_at = std::min(next.expires_at, notification.received_at + *notification.max_age);
    next.possible_duplicate = possible_duplicate;
    next.fallback_of = ended.id;
    return next;
  }
  return std::nullopt;
}

}  // namespace belfry::delivery
