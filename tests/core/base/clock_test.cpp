#include "base/clock.hpp"

namespace belfry::base {
namespace {

using namespace std::chrono_literals;

Timestamp at(std::int64_t millis) { return Timestamp(Millis(millis)); }

TEST(Clock, Rfc3339) {
  EXPECT_EQ(to_rfc3339(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(at(1'769'850'300'123)), "2026-01-31T09:05:00.123Z");
  EXPECT_EQ(to_rfc3339(at(951'827'696'007)), "2000-02-29T12:34:56.007Z");
  EXPECT_EQ(to_rfc3339(at(1'735'689'599'999)), "2024-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(at(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(at(253'402'300'799'999)), "9999-12-31T23:59:59.999Z");
}

TEST(Clock, Rfc3339SortsLikeTime) { EXPECT_LT(to_rfc3339(at(999)), to_rfc3339(at(1'000))); }

TEST(Clock, DurationsInTheUnitsOfTheConfiguration) {
  const std::pair<Millis, const char*> rows[] = {{0ms, "0s"},  {1ms, "1ms"}, {1'500ms, "1500ms"}, {1s, "1s"},
                                                 {90s, "90s"}, {5min, "5m"}, {90min, "90m"},      {24h, "1d"},
                                                 {25h, "25h"}, {168h, "7d"}, {-90s, "-90s"},      {-1ms, "-1ms"}};
  for (const auto& [duration, text] : rows) EXPECT_EQ(to_string(duration), text);
}

TEST(Clock, ManualClockMovesBothTimes) {
  ManualClock clock(at(1'000));
  const auto steady = clock.steady();
  clock.advance(2s);
  EXPECT_EQ(clock.now(), at(3'000));
  EXPECT_EQ(clock.steady() - steady, 2s);
}

TEST(Clock, SystemClockIsThisCentury) {
  EXPECT_GT(SystemClock().now(), at(1'700'000'000'000));
  const auto before = SystemClock().steady();
  EXPECT_GE(SystemClock().steady(), before);
}

}  // namespace
}  // namespace belfry::base
