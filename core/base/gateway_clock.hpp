// The gateway's own time. It starts at the wall clock's time and then runs evenly: it counts while the machine sleeps, and does not move
// when a person or NTP sets the wall clock. All durations (back-off, pause, lease, expiry, retention, age) are measured with it, in memory
// and in the store; only times of day that people read or write are converted.
// Thread rule: any thread, but set() before others use the clock, and adopt() from one thread at a time.
#pragma once
#include <functional>

#include "base/clock.hpp"

namespace belfry::base {

// Both clocks of the machine, read at the same moment.
struct ClockReading {
  Timestamp wall{};
  Millis since_boot{};  // CLOCK_BOOTTIME

  bool operator==(const ClockReading&) const = default;
};

// State of the clock as stored, from which the next process continues.
struct ClockCheckpoint {
  std::string boot_id;  // of the kernel; empty: unknown
  Millis since_boot{};
  Timestamp time{};      // gateway time
  Millis wall_offset{};  // wall clock minus `time`, as adopted

  bool operator==(const ClockCheckpoint&) const = default;
};

class GatewayClock final : public Clock {
 public:
  // `read` is replaced in tests; it must be safe on any thread.
  explicit GatewayClock(std::function<ClockReading()> read = read_clocks);

  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] SteadyTime steady() const override;

  // Wall clock minus now(). Follows a step at once; a change of less than a second is not a step.
  [[nodiscard]] Millis wall_offset() const;
  // How far the wall clock has been set since the last adopt(), forward or back; zero if less than one second.
  [[nodiscard]] Millis step() const;
  // Adds the step to the adopted offset: step() restarts at zero.
  void adopt(Millis step);

  // Makes now() return `time` at the reading `at`.
  void set(Timestamp time, const ClockReading& at, Millis wall_offset);
  [[nodiscard]] ClockCheckpoint checkpoint(std::string boot_id) const;

  [[nodiscard]] static ClockReading read_clocks();

 private:
  const std::function<ClockReading()> read_;
  std::atomic<std::int64_t> zero_ms_;         // now() when the machine started
  std::atomic<std::int64_t> wall_offset_ms_;  // as adopted
};

// The wall clock minus `clock`, and conversions in both directions. A clock that is not a GatewayClock is a wall clock itself.
[[nodiscard]] Millis wall_offset(const Clock& clock);
[[nodiscard]] inline Timestamp to_wall(const Clock& clock, Timestamp time) { return time + wall_offset(clock); }
[[nodiscard]] inline Timestamp from_wall(const Clock& clock, Timestamp time) { return time - wall_offset(clock); }

// Identifies the current boot of the kernel (/proc/sys/kernel/random/boot_id); empty if it cannot be read.
[[nodiscard]] std::string boot_id();

// Where the clock resumes after a restart.
struct ClockResumption {
  Timestamp time{};      // now
  Millis step{};         // how far the wall clock was set meanwhile, or is assumed to have been
  Millis unaccounted{};  // time passed by the wall clock but not counted; negative: the wall clock is behind the checkpoint
};

// Within one boot the time that passed is exact. After a reboot only the wall clock can supply it: it is trusted if it shows up to two
// hours more than the machine's uptime. Otherwise only the uptime is counted for now, and `unaccounted` holds the remainder
// (app/upkeep/clock_watch.hpp decides later). `newest`: the newest moment in the store; time does not go back before it.
[[nodiscard]] ClockResumption resume_clock(const std::optional<ClockCheckpoint>& checkpoint, Timestamp newest, const std::string& boot_id,
                                           const ClockReading& at);

}  // namespace belfry::base
