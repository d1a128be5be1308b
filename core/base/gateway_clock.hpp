// The gateway's own time. It starts with what the wall clock shows and then runs evenly: setting the wall clock, by a person or by NTP,
// does not move it, and it counts while the machine sleeps. Whatever is a duration (back-off, pause, lease, expiry, retention, age) is
// measured with it, in memory and in the store; only what people read or wrote as a time of day is converted.
// Thread rule: any thread, but set() before others use the clock and adopt() from one thread at a time.
#pragma once
#include <functional>

#include "base/clock.hpp"

namespace belfry::base {

// Both clocks of the machine at one moment.
struct ClockReading {
  Timestamp wall{};
  Millis since_boot{};  // CLOCK_BOOTTIME

  bool operator==(const ClockReading&) const = default;
};

// The clock as it is kept in the store, so that the next process can go on with it.
struct ClockMark {
  std::string boot_id;  // of the kernel; empty: not known
  Millis since_boot{};
  Timestamp time{};     // the gateway's own
  Millis wall_ahead{};  // of it

  bool operator==(const ClockMark&) const = default;
};

class GatewayClock final : public Clock {
 public:
  // `read`: for tests; it must be safe on any thread.
  explicit GatewayClock(std::function<ClockReading()> read = read_clocks);

  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] SteadyTime steady() const override;

  // What the wall clock shows beyond now(). Follows a step at once; what is less than a second is not one.
  [[nodiscard]] Millis wall_ahead() const;
  // How far the wall clock has been set since the last adopt(), forward or back; zero below one second.
  [[nodiscard]] Millis step() const;
  // Takes a step into account: step() begins again at zero.
  void adopt(Millis step);

  // now() is `time` at this reading.
  void set(Timestamp time, const ClockReading& at, Millis wall_ahead);
  [[nodiscard]] ClockMark mark(std::string boot_id) const;

  [[nodiscard]] static ClockReading read_clocks();

 private:
  const std::function<ClockReading()> read_;
  std::atomic<std::int64_t> zero_ms_;   // now() when the machine started
  std::atomic<std::int64_t> ahead_ms_;  // of the wall clock, as adopted
};

// What the wall clock shows at a moment of `clock`, and back. A clock that is no GatewayClock is a wall clock itself.
[[nodiscard]] Millis wall_ahead(const Clock& clock);
[[nodiscard]] inline Timestamp to_wall(const Clock& clock, Timestamp time) { return time + wall_ahead(clock); }
[[nodiscard]] inline Timestamp from_wall(const Clock& clock, Timestamp time) { return time - wall_ahead(clock); }

// Names this run of the kernel (/proc/sys/kernel/random/boot_id); empty when it cannot be read.
[[nodiscard]] std::string boot_id();

// Where the clock goes on after a restart.
struct ClockResumption {
  Timestamp time{};      // now
  Millis step{};         // the wall clock was set by that much meanwhile, or is taken to have been
  Millis unaccounted{};  // what the wall clock says has passed beyond what was counted; negative: it shows a time before the mark
};

// In the same run of the kernel the time that passed is exact. After another start of the machine only the wall clock can tell: it is
// believed when it shows up to two hours more than the machine has been up. Otherwise no more than that is counted for the present, and
// `unaccounted` says what remains (app/clock_guard.hpp decides later). `newest`: the newest moment in the store; time does not go back
// behind it.
[[nodiscard]] ClockResumption resume_clock(const std::optional<ClockMark>& mark, Timestamp newest, const std::string& boot_id,
                                           const ClockReading& at);

}  // namespace belfry::base
