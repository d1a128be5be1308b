// Admits BELFRY_MAX_LOG_LINES_PER_SECOND with bursts of 100, and counts the rest. Thread rule: any thread.
#pragma once
#include <belfry/plugin.h>

#include <cstdint>
#include <mutex>
#include <utility>

#include "policy/token_bucket.hpp"

namespace belfry::plugin {

class LogLimiter {
 public:
  struct Admission {
    bool pass = false;
    std::uint64_t dropped = 0;  // with `pass`: number of lines dropped since the last that passed
    bool flood_begins = false;  // this is the first line of a flood to be dropped
  };

  Admission admit(base::SteadyTime now) {
    const std::lock_guard lock(mutex_);
    if (bucket_.take(now) == base::Millis(0)) return {true, std::exchange(dropped_, 0), false};
    return {false, 0, dropped_++ == 0};
  }

 private:
  std::mutex mutex_;
  policy::TokenBucket bucket_{{.events = BELFRY_MAX_LOG_LINES_PER_SECOND, .period = std::chrono::seconds(1), .burst = 100}};
  std::uint64_t dropped_ = 0;
};

}  // namespace belfry::plugin
