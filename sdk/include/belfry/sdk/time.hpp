// Units of time. The wall clock is for people and remotes; durations and deadlines are on the monotonic clock, which is never stepped.
#pragma once
#include <chrono>

namespace belfry::sdk {

using Millis = std::chrono::milliseconds;
using Timestamp = std::chrono::sys_time<Millis>;
// Comparable with std::chrono::steady_clock::now() in the gateway; the test kit has a clock of its own, so prefer Clock::monotonic().
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Millis>;

}  // namespace belfry::sdk
