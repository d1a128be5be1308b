#include "base/gateway_clock.hpp"

#include <gtest/gtest.h>

namespace belfry::base {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{1'790'000'000'000ms};

// Both clocks of a machine, moved by the test.
struct Machine {
  ClockReading reading{kStart, 1h};

  void pass(Millis time) {
    reading.wall += time;
    reading.since_boot += time;
  }
  void set_wall(Millis by) { reading.wall += by; }
  GatewayClock clock() {
    return GatewayClock([this] { return reading; });
  }
};

TEST(GatewayClock, RunsWithTheMachineAndNotWithTheWallClock) {
  Machine machine;
  const auto clock = machine.clock();
  EXPECT_EQ(clock.now(), kStart);
  machine.pass(5s);
  EXPECT_EQ(clock.now(), kStart + 5s);
  for (const Millis by : {Millis(-1h), Millis(192h), Millis(-240h)}) {
    machine.set_wall(by);
    EXPECT_EQ(clock.now(), kStart + 5s);
    EXPECT_EQ(to_wall(clock, clock.now()), machine.reading.wall) << "people see the right time at once";
    EXPECT_EQ(from_wall(clock, machine.reading.wall), clock.now());
  }
}

TEST(GatewayClock, AStepIsSeenUntilItIsAdopted) {
  Machine machine;
  auto clock = machine.clock();
  machine.set_wall(999ms);
  EXPECT_EQ(clock.step(), 0ms) << "less than a second is not a step";
  EXPECT_EQ(clock.wall_offset(), 0ms);
  machine.set_wall(1ms);
  EXPECT_EQ(clock.step(), 1s);
  clock.adopt(1s);
  EXPECT_EQ(clock.step(), 0ms);
  EXPECT_EQ(clock.wall_offset(), 1s);
  machine.set_wall(-1h);
  EXPECT_EQ(clock.step(), -1h);
  EXPECT_EQ(clock.wall_offset(), 1s - 1h);
}

TEST(GatewayClock, OtherClocksAreWallClocks) {
  const ManualClock clock(kStart);
  EXPECT_EQ(wall_offset(clock), 0ms);
  EXPECT_EQ(to_wall(clock, kStart), kStart);
}

TEST(GatewayClock, TheRealOneReadsBothClocks) {
  const GatewayClock clock;
  const auto wall = SystemClock().now();
  EXPECT_LT(std::chrono::abs(clock.now() - wall), 1min);
  EXPECT_FALSE(boot_id().empty());
}

// ---- after a restart

struct Row {
  const char* what;
  const char* boot_id;
  Millis since_boot;  // at the start; 1 h at the checkpoint
  Millis wall;        // advance since the checkpoint
  Millis passed;      // time counted
  Millis step;
  Millis unaccounted;
};

TEST(ClockResumption, GoesOnWhereItWas) {
  const ClockCheckpoint checkpoint{.boot_id = "one", .since_boot = 1h, .time = kStart, .wall_offset = 7h};
  const Row rows[] = {
      {"the same boot", "one", 1h + 5s, 5s, 5s, 0s, 0s},
      {"the same boot, long ago", "one", 241h, 240h, 240h, 0s, 0s},
      {"the same boot, set back", "one", 1h + 5s, 5s - 1h, 5s, -1h, 0s},
      {"the same boot, set forward", "one", 1h + 5s, 5s + 192h, 5s, 192h, 0s},
      {"another boot", "two", 30s, 3min, 3min, 0s, 0s},
      {"another boot, off for two hours", "two", 30s, 2h, 2h, 0s, 0s},
      {"another boot, eight days later or a wrong clock", "two", 30s, 192h, 30s, 192h - 30s, 192h - 30s},
      {"another boot, the clock is behind", "two", 30s, -240h, 30s, -240h - 30s, -240h - 30s},
      {"a kernel without a boot id", "", 2h, 3h, 3h, 0s, 0s},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const auto resumed = resume_clock(checkpoint, {}, row.boot_id, {kStart + 7h + row.wall, row.since_boot});
    EXPECT_EQ(resumed.time, kStart + row.passed);
    EXPECT_EQ(resumed.step, row.step);
    EXPECT_EQ(resumed.unaccounted, row.unaccounted);
  }
}

TEST(ClockResumption, TheFirstStartTakesTheWallClock) {
  const auto first = resume_clock(std::nullopt, {}, "one", {kStart, 1h});
  EXPECT_EQ(first.time, kStart);
  EXPECT_EQ(first.step, 0s);
}

TEST(ClockResumption, NeverGoesBehindTheNewestMoment) {
  const auto first = resume_clock(std::nullopt, kStart + 1h, "one", {kStart, 1h});
  EXPECT_EQ(first.time, kStart + 1h);
  EXPECT_EQ(first.step, -1h);
  const ClockCheckpoint checkpoint{.boot_id = "one", .since_boot = 1h, .time = kStart};
  EXPECT_EQ(resume_clock(checkpoint, kStart + 50s, "two", {kStart - 1h, 30s}).time, kStart + 50s);
}

}  // namespace
}  // namespace belfry::base
