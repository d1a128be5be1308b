// Time as a dependency. Wall time is for people and for values that survive a restart; steady time is for measuring.
// Thread rule: any thread.
#pragma once
#include <atomic>
#include <chrono>
#include <optional>
#include <string>

namespace belfry::base {

using Millis = std::chrono::milliseconds;
using Timestamp = std::chrono::sys_time<Millis>;
using SteadyTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() const = 0;
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] SteadyTime steady() const override;
};

// A clock that only moves when advanced. Steady time moves with it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : now_ms_(start.time_since_epoch().count()) {}
  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] SteadyTime steady() const override;
  void advance(Millis by) { now_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_ms_;
};

// "2026-01-31T09:05:00.123Z" (RFC 3339, UTC).
[[nodiscard]] std::string to_rfc3339(Timestamp time);

// Parses the same form, with or without milliseconds, in UTC ("Z"). Returns nullopt for anything else.
[[nodiscard]] std::optional<Timestamp> from_rfc3339(const std::string& text);

// The shortest exact form in the units of the configuration: "1500ms", "90s", "5m", "24h", "7d".
[[nodiscard]] std::string to_string(Millis duration);

}  // namespace belfry::base
