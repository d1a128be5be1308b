// The delay before a failed attempt is repeated: 1 s x 2^(failures - 1), at most 10 minutes, with equal jitter (a random point in the upper
// half). Keeps deliveries from hammering a remote that fails, and from hitting it all at once when it recovers. Pure: randomness is an
// argument.
#pragma once
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace belfry::policy {

// `failures` so far, including this one (0 counts as 1). `random` in [0, 1). `at_least`: the wait that the remote requested; the delay is
// never shorter, up to kMaxRetryAfter (retry_after.hpp).
[[nodiscard]] base::Millis backoff_delay(std::uint32_t failures, double random, std::optional<base::Millis> at_least = std::nullopt);

}  // namespace belfry::policy
