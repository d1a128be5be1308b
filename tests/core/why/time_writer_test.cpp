#include "why/time_writer.hpp"

#include <gtest/gtest.h>

namespace belfry::why {
namespace {

base::Timestamp utc(const std::string& text) { return base::from_rfc3339(text).value(); }

TEST(TimeWriter, WritesEachDateAndZoneOnce) {
  TimeWriter times(base::TimeZone::find("Europe/Berlin").value(), {});
  EXPECT_EQ(times.at(utc("2026-12-01T08:00:01Z")), "on 2026-12-01 at 09:00:01 CET");
  EXPECT_EQ(times.at(utc("2026-12-01T08:00:02Z")), "at 09:00:02");
  EXPECT_EQ(times.moment(utc("2026-12-01T22:59:59Z")), "23:59:59");
  EXPECT_EQ(times.moment(utc("2026-12-01T23:00:00Z")), "2026-12-02 00:00:00");
  EXPECT_EQ(times.at(utc("2026-12-01T08:00:02Z")), "on 2026-12-01 at 09:00:02");
}

// On 2026-10-25 at 03:00, clocks in Germany go back to 02:00.
TEST(TimeWriter, WritesTheZoneAgainWhenItChanges) {
  TimeWriter times(base::TimeZone::find("Europe/Berlin").value(), {});
  EXPECT_EQ(times.moment(utc("2026-10-25T00:30:00Z")), "2026-10-25 02:30:00 CEST");
  EXPECT_EQ(times.at(utc("2026-10-25T01:30:00Z")), "at 02:30:00 CET");
}

TEST(TimeWriter, WritesTheWallClock) {
  TimeWriter times(base::TimeZone(), std::chrono::minutes(90));
  EXPECT_EQ(times.at(utc("2026-12-01T23:00:00Z")), "on 2026-12-02 at 00:30:00 UTC");
}

TEST(TimeWriterTest, TheZoneIsNamedAgainBesideAnother) {
  TimeWriter times(base::TimeZone(), {});
  const base::Timestamp time(std::chrono::hours(9));
  EXPECT_EQ(times.moment(time), "1970-01-01 09:00:00 UTC");
  EXPECT_EQ(times.moment(time), "09:00:00");
  EXPECT_EQ(times.moment_with_zone(time), "09:00:00 UTC");
}

}  // namespace
}  // namespace belfry::why
