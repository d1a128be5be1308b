// A token bucket as a value: `burst` tokens at once, then `events` evenly over `period`. A pause, when the remote requests one, comes on
// top. Pure: time is an argument, from the steady clock, so that setting the system clock has no effect.
// Thread rule: none; the owner serializes the calls.
#pragma once
#include <chrono>
#include <cstdint>

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
  TokenBucket() = default;                // without a limit
  explicit TokenBucket(RateLimit limit);  // full

  // Changes the limit. Tokens that were taken stay taken.
  void reconfigure(RateLimit limit, base::SteadyTime now);

  // Takes one token and returns 0. Otherwise takes nothing and returns the time to wait before the next call can succeed.
  [[nodiscard]] base::Millis take(base::SteadyTime now);

  // The number of takes that would succeed now; the largest value without a limit.
  [[nodiscard]] std::size_t available(base::SteadyTime now) const;

  // The result of take() after `ahead` other takes, without taking anything.
  [[nodiscard]] base::Millis wait(base::SteadyTime now, std::size_t ahead = 0) const;

  // reserve() takes up to `max` tokens, as many as are available, and returns their number. release() returns unused tokens.
  [[nodiscard]] std::size_t reserve(std::size_t max, base::SteadyTime now);
  void release(std::size_t count);

  // Grants no tokens for `how_long`, at most kMaxRetryAfter. Does not shorten an earlier pause.
  void pause(base::Millis how_long, base::SteadyTime now);
  void end_pause() { paused_until_ = {}; }
  // The remaining time of the pause; 0: none.
  [[nodiscard]] base::Millis remaining_pause(base::SteadyTime now) const;

  // Whether the bucket is full and not paused: a new one would behave the same, so this one may be dropped.
  [[nodiscard]] bool idle(base::SteadyTime now) const { return full_at_ <= now && paused_until_ <= now; }

 private:
  using Nanos = std::chrono::nanoseconds;

  void set(RateLimit limit);
  [[nodiscard]] base::SteadyTime full_at(base::SteadyTime now) const;

  Nanos interval_{};            // between two tokens; zero: no limit
  Nanos depth_{};               // time from empty to full
  base::SteadyTime full_at_{};  // when the bucket is full again
  base::SteadyTime paused_until_{};
};

}  // namespace belfry::policy
