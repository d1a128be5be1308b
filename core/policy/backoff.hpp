// How long to wait before a failed attempt is repeated: base x 2^(failures - 1), capped, with equal jitter (a random point in the upper
// half), so that a remote that comes back does not meet everyone at once and nobody hammers it meanwhile.
// Pure: randomness is an argument.
#pragma once
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace belfry::policy {

struct Backoff {
  base::Millis base = std::chrono::seconds(1);
  base::Millis cap = std::chrono::minutes(10);
};

// `failures` so far, this one included (0 counts as 1). `random` in [0, 1). `at_least`: what the remote asked for, never undercut.
[[nodiscard]] base::Millis delay_after(const Backoff& backoff, std::uint32_t failures, double random,
                                       std::optional<base::Millis> at_least = std::nullopt);

// What a remote asks for is believed between nothing and 30 days: no arithmetic on times can overflow.
[[nodiscard]] base::Millis bounded_wait(base::Millis asked);

}  // namespace belfry::policy
