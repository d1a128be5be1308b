// Lets 20 lines a second pass, 100 at once, and counts the rest. Thread rule: any thread.
#pragma once
#include <cstdint>
#include <mutex>

#include "plugin/rate_limiter.hpp"

namespace belfry::plugin {

class FloodGate {
 public:
  struct Verdict {
    bool pass = false;
    std::uint64_t dropped = 0;  // with pass: how many were held back since the last one that passed
    bool flood_begins = false;  // the first that is held back
  };

  Verdict admit(base::SteadyTime now) {
    const std::lock_guard lock(mutex_);
    if (!defined_) bucket_.define(20, base::Millis(1000), 100, now);
    defined_ = true;
    if (bucket_.take(now) == base::Millis(0)) return {true, std::exchange(dropped_, 0), false};
    return {false, 0, dropped_++ == 0};
  }

 private:
  std::mutex mutex_;
  TokenBucket bucket_;
  bool defined_ = false;
  std::uint64_t dropped_ = 0;
};

}  // namespace belfry::plugin
