// How long to wait before a failed attempt is repeated: 1 s x 2^(failures - 1), at most 10 minutes, with equal jitter (a random point in
// the upper half), so that a remote that comes back does not meet everyone at once and nobody hammers it meanwhile. Pure: randomness is an
// argument.
#pragma once
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace belfry::policy {

// `failures` so far, this one included (0 counts as 1). `random` in [0, 1). `at_least`: what the remote asked for, never undercut.
[[nodiscard]] base::Millis delay_after(std::uint32_t failures, double random, std::optional<base::Millis> at_least = std::nullopt);

// The longest wait that is taken from a remote. One that asks for more is asked again after an hour: that costs it next to nothing, and a
// mistake of it does not stop a sink for days.
inline constexpr base::Millis kLongestWait = std::chrono::hours(1);

// Between nothing and kLongestWait: no arithmetic on times can overflow.
[[nodiscard]] base::Millis bounded_wait(base::Millis asked);

// The same for a delivery that has `left` until it expires. What lies beyond kLongestWait is not believed, and does not make the delivery
// expire: it is tried again after half of its time at the latest (but not within 30 s).
[[nodiscard]] base::Millis bounded_wait(base::Millis asked, base::Millis left);

}  // namespace belfry::policy
