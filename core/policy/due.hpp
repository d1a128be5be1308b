// When a delivery is no longer worth making. Pure.
#pragma once
#include <optional>

#include "base/clock.hpp"

namespace belfry::policy {

// The smallest of the three ages that were given, counted from the receipt of the notification.
[[nodiscard]] base::Timestamp expires_at(base::Timestamp received_at, base::Millis sink_max_age, std::optional<base::Millis> route_max_age,
                                         std::optional<base::Millis> notification_max_age);

}  // namespace belfry::policy
