// Lets 20 lines a second pass, 100 at once, and counts the rest. Thread rule: any thread.
#pragma once
#include <cstdint>
#include <mutex>
#include <utility>

#include "policy/rate_limit.hpp"

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
    if (bucket_.take(now) == base::Millis(0)) return {true, std::exchange(dropped_, 0), false};
    return {false, 0, dropped_++ == 0};
  }

 private:
  std::mutex mutex_;
  policy::TokenBucket bucket_{{.events = 20, .period = std::chrono::seconds(1), .burst = 100}};
  std::uint64_t dropped_ = 0;
};

}  // namespace belfry::plugin
