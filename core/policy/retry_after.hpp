// Waits that a remote requests, such as Retry-After, bounded. Pure.
#pragma once
#include "base/clock.hpp"

namespace belfry::policy {

// The longest wait accepted from a remote. If it requests more, the gateway tries again after an hour: this costs the remote next to
// nothing, and a wrong value does not stop a sink for days.
inline constexpr base::Millis kMaxRetryAfter = std::chrono::hours(1);

// Clamps to [0, kMaxRetryAfter], so that no arithmetic on times can overflow.
[[nodiscard]] base::Millis bounded_wait(base::Millis requested);

// The same for a delivery that expires in `left`. A wait of more than kMaxRetryAfter is not trusted and must not make the delivery expire:
// the result is then half of `left`, but at least 30 s and at most kMaxRetryAfter.
[[nodiscard]] base::Millis bounded_wait(base::Millis requested, base::Millis left);

}  // namespace belfry::policy
