// A token bucket as a value: `burst` at once, then `events` evenly over `period`. Pure: time is an argument.
// A clock that is set back costs no more than the time to refill the bucket.
// Thread rule: none; the owner serialises.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace belfry::policy {

struct RateLimit {
  std::uint32_t events = 0;  // 0: no limit
  base::Millis period = std::chrono::seconds(1);
  std::uint32_t burst = 1;  // 0 counts as 1

  bool operator==(const RateLimit&) const = default;
};

class TokenBucket {
 public:
  explicit TokenBucket(RateLimit limit);

  // Takes one token. None: granted. Otherwise nothing was taken; at the time given, and not before, it is worth asking again.
  [[nodiscard]] std::optional<base::Timestamp> take(base::Timestamp now);

  // How many takes would be granted now; the largest value when there is no limit.
  [[nodiscard]] std::size_t available(base::Timestamp now) const;

  // When a take would be granted: `now` or later.
  [[nodiscard]] base::Timestamp next(base::Timestamp now) const;

  // The remote said slow down: nothing is granted before `until`. The latest of several holds.
  void pause_until(base::Timestamp until);

  // Nothing was taken lately and no pause holds: a new bucket would behave the same, so this one may be forgotten.
  [[nodiscard]] bool idle(base::Timestamp now) const;

 private:
  using Instant = std::chrono::sys_time<std::chrono::nanoseconds>;

  std::chrono::nanoseconds interval_{};  // between two tokens; zero: no limit
  std::chrono::nanoseconds depth_{};     // interval x burst: from empty to full
  Instant full_at_{};                    // when the bucket is full again
  base::Timestamp paused_until_{};
};

}  // namespace belfry::policy
