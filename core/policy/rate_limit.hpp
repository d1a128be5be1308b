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

  // How many takes would be granted now; the largest value without a limit.
  [[nodiscard]] std::size_t available(base::Timestamp now) const;

  // When the next take is granted: `now`, or later.
  [[nodiscard]] base::Timestamp next(base::Timestamp now) const;

  // The bucket is full: a new one would behave the same, so this one may be forgotten.
  [[nodiscard]] bool idle(base::Timestamp now) const { return full_at_ <= now; }

 private:
  using Instant = std::chrono::sys_time<std::chrono::nanoseconds>;

  [[nodiscard]] Instant full_at(base::Timestamp now) const;

  std::chrono::nanoseconds interval_{};  // between two tokens; zero: no limit
  std::chrono::nanoseconds depth_{};     // from empty to full
  Instant full_at_{};                    // when the bucket is full again
};

}  // namespace belfry::policy
