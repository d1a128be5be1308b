// Bounds repetition in the log. Warnings and errors about single notifications and deliveries that report the same fault become one line
// and, at the end of the minute, a count: a fault that 1,000 recipients share is two lines.
// Thread rule: any thread. The callback runs on the thread of the object, or on the caller's of flush(), and must not call admit().
// Ownership: owns its thread. Cancellation: the destructor reports the counts so far, then ends the thread.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/log_line.hpp"

namespace belfry::base {

// A fault with its first line's fields, except those that name or describe a single item.
struct RepeatedFault {
  LogLevel level = LogLevel::warn;
  std::string component;
  std::string event;
  std::vector<LogField> fields;
  std::uint64_t more = 0;  // lines counted and not written
};

class LogRepeats {
 public:
  static constexpr Millis kWindow{60'000};
  static constexpr std::size_t kMaxFaults = 256;  // different faults at a time; lines of others are all written

  explicit LogRepeats(std::function<void(const RepeatedFault&)> report, Millis window = kWindow);
  ~LogRepeats();
  LogRepeats(const LogRepeats&) = delete;
  LogRepeats& operator=(const LogRepeats&) = delete;

  // Whether to write the line. False: it repeats a fault whose line was written less than a window ago, and was counted.
  [[nodiscard]] bool admit(const LogRecord& record);
  // Reports all counts now.
  void flush() noexcept;

 private:
  struct Entry {
    RepeatedFault fault;
    SteadyTime ends{};
  };
  using Faults = std::unordered_map<std::string, Entry>;

  void run();
  [[nodiscard]] SteadyTime next_report() const;
  [[nodiscard]] std::vector<RepeatedFault> take(SteadyTime until);
  void report(const std::vector<RepeatedFault>& faults) const noexcept;

  const std::function<void(const RepeatedFault&)> report_;
  const Millis window_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Faults faults_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace belfry::base
