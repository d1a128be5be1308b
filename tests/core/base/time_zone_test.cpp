#include "base/time_zone.hpp"

#include <algorithm>

namespace belfry::base {
namespace {

TimeZone zone(const std::string& name) {
  const auto found = TimeZone::find(name);
  EXPECT_TRUE(found) << name;
  return found.value_or(TimeZone());
}

Timestamp utc(const std::string& text) {
  const auto time = from_rfc3339(text);
  EXPECT_TRUE(time) << text;
  return time.value_or(Timestamp());
}

TEST(TimeZone, Names) {
  for (const auto* name : {"UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Asia/Kathmandu"})
    EXPECT_TRUE(TimeZone::find(name)) << name;
  for (const auto* name : {"", "Europe/Berlni", "/etc/passwd", "../../etc/passwd", "file:/etc/localtime", "Europe/"}) {
    const auto found = TimeZone::find(name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, ErrorCode::invalid);
  }
}

TEST(TimeZone, NamesAreThoseThatAreFound) {
  const auto names = TimeZone::names();
  for (const auto* name : {"UTC", "Europe/Berlin", "Asia/Kathmandu"})
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  for (const auto& name : names) EXPECT_TRUE(TimeZone::find(name)) << name;
}

TEST(TimeZone, Local) {
  const auto kathmandu = zone("Asia/Kathmandu").local(utc("2026-02-28T18:30:00Z"));
  EXPECT_EQ(kathmandu.weekday, 0) << "it is Sunday there";
  EXPECT_EQ(kathmandu.minute, 15);
  EXPECT_EQ(TimeZone().local(utc("2026-02-28T23:59:59.999Z")).minute, 1439);
  EXPECT_EQ(TimeZone().local(utc("2026-02-28T23:59:59Z")).weekday, 6);
}

TEST(TimeZone, ForPeople) {
  const auto summer = utc("2026-07-31T22:05:09.999Z");
  EXPECT_EQ(zone("Europe/Berlin").date(summer), "2026-08-01");
  EXPECT_EQ(zone("Europe/Berlin").clock(summer), "00:05:09");
  EXPECT_EQ(zone("Europe/Berlin").abbreviation(summer), "CEST");
  EXPECT_EQ(zone("Europe/Berlin").abbreviation(utc("2026-01-31T12:00:00Z")), "CET");
  EXPECT_EQ(zone("Asia/Kathmandu").abbreviation(summer), "+0545");
  EXPECT_EQ(TimeZone().date(summer) + TimeZone().clock(summer) + TimeZone().abbreviation(summer), "2026-07-3122:05:09UTC");
  EXPECT_EQ(zone("Europe/Berlin").name(), "Europe/Berlin");
  EXPECT_EQ(TimeZone().name(), "UTC");
}

TEST(TimeZone, OfTheMachine) {
  const auto now = utc("2026-02-28T18:30:00Z");
  EXPECT_EQ(TimeZone::of_machine().date(now).size(), 10U);
  EXPECT_FALSE(TimeZone::of_machine().abbreviation(now).empty());
}

// Germany: 2026-03-29 02:00 becomes 03:00, 2026-10-25 03:00 becomes 02:00.
TEST(TimeZone, TimesThatClocksSkipAreTheMomentOfTheChange) {
  const auto berlin = zone("Europe/Berlin");
  EXPECT_EQ(berlin.next(utc("2026-03-28T23:30:00Z"), 2 * 60 + 30), utc("2026-03-29T01:00:00Z"));
  EXPECT_EQ(berlin.next(utc("2026-03-29T01:00:00Z"), 2 * 60 + 30), utc("2026-03-30T00:30:00Z"));
  EXPECT_EQ(berlin.next(utc("2026-03-28T12:00:00Z"), 7 * 60), utc("2026-03-29T05:00:00Z"));
}

TEST(TimeZone, TimesThatClocksShowTwiceAreTheFirst) {
  const auto berlin = zone("Europe/Berlin");
  EXPECT_EQ(berlin.next(utc("2026-10-24T22:30:00Z"), 2 * 60 + 30), utc("2026-10-25T00:30:00Z"));
  EXPECT_EQ(berlin.next(utc("2026-10-25T00:30:00Z"), 2 * 60 + 30), utc("2026-10-26T01:30:00Z")) << "not the second occurrence of that day";
}

TEST(TimeZone, NextIsAfter) {
  const auto berlin = zone("Europe/Berlin");
  EXPECT_EQ(berlin.next(utc("2026-01-01T08:00:00Z"), 9 * 60), utc("2026-01-02T08:00:00Z")) << "strictly after the moment";
  EXPECT_EQ(berlin.next(utc("2026-01-01T07:59:59.999Z"), 9 * 60), utc("2026-01-01T08:00:00Z"));
}

// Samoa had no 30 December 2011.
TEST(TimeZone, ADayThatNeverWas) {
  const auto apia = zone("Pacific/Apia");
  const auto next = apia.next(utc("2011-12-30T09:00:00Z"), 12 * 60);
  EXPECT_EQ(next, utc("2011-12-30T10:00:00Z")) << "the moment of the change";
  EXPECT_EQ(apia.local(next).minute, 0);
}

}  // namespace
}  // namespace belfry::base
