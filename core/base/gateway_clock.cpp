#include "base/gateway_clock.hpp"

#include <time.h>

#include <fstream>

namespace belfry::base {
namespace {

constexpr Millis kLeastStep{1'000};
constexpr Millis kMaxTrustedGap = std::chrono::hours(2);
constexpr Millis kTolerance = std::chrono::minutes(1);  // a real-time clock counts in seconds, and drifts while the machine is off
constexpr Millis kOneMoment{2};
constexpr int kTries = 5;

Millis read(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::duration_cast<Millis>(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

Millis beyond(const ClockReading& at, std::int64_t zero_ms) { return at.wall.time_since_epoch() - at.since_boot - Millis(zero_ms); }

bool is_step(Millis step) { return step >= kLeastStep || step <= -kLeastStep; }

}  // namespace

// A thread preempted between the two reads would see a step where there is none, hence the retries.
ClockReading GatewayClock::read_clocks() {
  ClockReading reading;
  for (int i = 0; i < kTries; ++i) {
    reading.since_boot = read(CLOCK_BOOTTIME);
    reading.wall = Timestamp(read(CLOCK_REALTIME));
    if (read(CLOCK_BOOTTIME) - reading.since_boot < kOneMoment) break;
  }
  return reading;
}

GatewayClock::GatewayClock(std::function<ClockReading()> read) : read_(std::move(read)) {
  const auto at = read_();
  set(at.wall, at, Millis(0));
}

void GatewayClock::set(Timestamp time, const ClockReading& at, Millis wall_offset) {
  zero_ms_ = (time.time_since_epoch() - at.since_boot).count();
  wall_offset_ms_ = wall_offset.count();
}

Timestamp GatewayClock::now() const { return Timestamp(Millis(zero_ms_) + read_().since_boot); }

SteadyTime GatewayClock::steady() const { return std::chrono::steady_clock::now(); }

Millis GatewayClock::step() const {
  const auto step = beyond(read_(), zero_ms_) - Millis(wall_offset_ms_);
  return is_step(step) ? step : Millis(0);
}

Millis GatewayClock::wall_offset() const { return Millis(wall_offset_ms_) + step(); }

void GatewayClock::adopt(Millis step) { wall_offset_ms_ += step.count(); }

ClockCheckpoint GatewayClock::checkpoint(std::string boot_id) const {
  const auto at = read_();
  return {std::move(boot_id), at.since_boot, Timestamp(Millis(zero_ms_) + at.since_boot), Millis(wall_offset_ms_)};
}

Millis wall_offset(const Clock& clock) {
  const auto* own = dynamic_cast<const GatewayClock*>(&clock);
  return own == nullptr ? Millis(0) : own->wall_offset();
}

std::string boot_id() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id;
}

ClockResumption resume_clock(const std::optional<ClockCheckpoint>& checkpoint, Timestamp newest, const std::string& boot_id,
                             const ClockReading& at) {
  ClockResumption out{.time = at.wall};
  Millis ahead{};
  if (checkpoint) {
    ahead = checkpoint->wall_offset;
    const bool same_boot = !boot_id.empty() && boot_id == checkpoint->boot_id && at.since_boot >= checkpoint->since_boot;
    const auto passed = at.wall - ahead - checkpoint->time;
    const bool plausible = passed >= at.since_boot - kTolerance && passed <= at.since_boot + kMaxTrustedGap;
    if (same_boot) {
      out.time = checkpoint->time + (at.since_boot - checkpoint->since_boot);
    } else if (plausible) {
      out.time = checkpoint->time + std::max(passed, Millis(0));
    } else {
      out.time = checkpoint->time + at.since_boot;
      out.unaccounted = passed - at.since_boot;
    }
  }
  out.time = std::max(out.time, newest);
  const auto step = at.wall - out.time - ahead;
  out.step = is_step(step) ? step : Millis(0);
  return out;
}

}  // namespace belfry::base
