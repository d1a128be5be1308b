// When a delivery is due: quiet hours, digests and throttles. Pure: the time is an argument.
#pragma once
#include <optional>

#include "base/clock.hpp"
#include "base/time_zone.hpp"
#include "model/pipeline.hpp"

namespace belfry::policy {

// The end of the quiet hours in progress at `now`; none outside of quiet hours.
[[nodiscard]] std::optional<base::Timestamp> quiet_until(const model::QuietHours& hours, const base::TimeZone& zone, base::Timestamp now);

// The due time of a digest that is opened at `now`.
[[nodiscard]] base::Timestamp digest_due(const model::DigestRule& digest, const base::TimeZone& zone, base::Timestamp now);

// The time zones of the two rules, resolved.
struct Zones {
  base::TimeZone quiet_hours;
  base::TimeZone digest;
};

// The due times of one delivery. None is before `now`.
struct Due {
  base::Timestamp at{};                     // if it is sent on its own
  std::optional<base::Timestamp> digest;    // it joins a digest: due time if it opens a new one
  std::optional<base::Timestamp> overflow;  // with a throttle: the same for messages above the limit
  bool quiet = false;                       // held by quiet hours

  bool operator==(const Due&) const = default;
};

// `quiet_hours_hold`: false when `except` exempts the notification. `ends_at`: when the notification expires by its own max_age; a delivery
// that would be held until then or longer is due now.
[[nodiscard]] Due due(const model::Timing& timing, const Zones& zones, bool quiet_hours_hold, std::optional<base::Timestamp> ends_at,
                      base::Timestamp now);

}  // namespace belfry::policy
