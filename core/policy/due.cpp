#include "policy/due.hpp"

#include <algorithm>

namespace belfry::policy {

base::Timestamp expires_at(base::Timestamp received_at, base::Millis sink_max_age, std::optional<base::Millis> route_max_age,
                           std::optional<base::Millis> notification_max_age) {
  return received_at + std::min({sink_max_age, route_max_age.value_or(sink_max_age), notification_max_age.value_or(sink_max_age)});
}

}  // namespace belfry::policy
