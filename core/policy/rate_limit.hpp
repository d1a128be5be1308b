// A token bucket as a value: `burst` at once, then `events` evenly over `period`; and a pause on top when the remote asked for one.
// Pure: time is an argument, steady, so that a clock that is set does not matter.
// Thread rule: none; the owner serialises.
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

  // Other figures. What was taken stays taken.
  void define(RateLimit limit, base::SteadyTime now);

  // Takes one token: 0. Otherwise nothing was taken, and asking again before the time given has passed is of no use.
  [[nodiscard]] base::Millis take(base::SteadyTime now);

  // How many takes would be granted now; the largest value without a limit.
  [[nodiscard]] std::size_t available(base::SteadyTime now) const;

  // What take() would answer, with so many others before it.
  [[nodiscard]] base::Millis wait(base::SteadyTime now, std::size_t ahead = 0) const;

  // Takes up to `most`, as many as there are; and gives back what was not used.
  [[nodiscard]] std::size_t reserve(std::size_t most, base::SteadyTime now);
  void give_back(std::size_t count);

  // Nothing is granted for `how_long`, or for longer when that was said before. At most kLongestWait.
  void pause(base::Millis how_long, base::SteadyTime now);
  void end_pause() { paused_until_ = {}; }
  // What is left of it.
  [[nodiscard]] base::Millis paused(base::SteadyTime now) const;

  // The bucket is full and not paused: a new one would behave the same, so this one may be forgotten.
  [[nodiscard]] bool idle(base::SteadyTime now) const { return full_at_ <= now && paused_until_ <= now; }

 private:
  using Nanos = std::chrono::nanoseconds;

  void set(RateLimit limit);
  [[nodiscard]] base::SteadyTime full_at(base::SteadyTime now) const;

  Nanos interval_{};            // between two tokens; zero: no limit
  Nanos depth_{};               // from empty to full
  base::SteadyTime full_at_{};  // when the bucket is full again
  base::SteadyTime paused_until_{};
};

}  // namespace belfry::policy
