// When a delivery is due: quiet hours, digests and throttles. Pure: the time is an argument.
#pragma once
#include <optional>

#include "base/clock.hpp"
#include "base/time_zone.hpp"
#include "model/pipeline.hpp"

namespace belfry::policy {

// The end of the quiet time that `now` is in; none when it is in none.
[[nodiscard]] std::optional<base::Timestamp> quiet_until(const model::QuietHours& hours, const base::TimeZone& zone, base::Timestamp now);

// When a digest that is opened now is due.
[[nodiscard]] base::Timestamp digest_due(const model::DigestRule& digest, const base::TimeZone& zone, base::Timestamp now);

// The zones of the two, found.
struct Zones {
  base::TimeZone quiet_hours;
  base::TimeZone digest;
};

// What holds for one delivery. All times are moments, none lies before `now`.
struct Due {
  base::Timestamp at{};                     // of a delivery of its own
  std::optional<base::Timestamp> digest;    // it joins a digest, which is due then if it is a new one
  std::optional<base::Timestamp> overflow;  // with a throttle: the same for what is too much
  bool quiet = false;                       // held by quiet hours

  bool operator==(const Due&) const = default;
};

// `quiet_hours_hold`: false for what its `except` lets through. `ends_at`: when the notification is worth nothing any more, by its own
// max_age; what would be held until then or longer is due now.
[[nodiscard]] Due due(const model::Timing& timing, const Zones& zones, bool quiet_hours_hold, std::optional<base::Timestamp> ends_at,
                      base::Timestamp now);

}  // namespace belfry::policy
