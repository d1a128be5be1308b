#include "policy/timing.hpp"

#include <random>

namespace belfry::policy {
namespace {

using namespace std::chrono_literals;
using base::Timestamp;
using model::QuietHours;

Timestamp utc(const std::string& text) { return base::from_rfc3339(text).value(); }
base::TimeZone berlin() { return base::TimeZone::find("Europe/Berlin").value(); }

constexpr int kEvening = 22 * 60;
constexpr int kMorning = 7 * 60;

std::string until(const QuietHours& hours, const std::string& now, const base::TimeZone& zone = berlin()) {
  const auto end = quiet_until(hours, zone, utc(now));
  return end ? base::to_rfc3339(*end) : "awake";
}

TEST(QuietHours, OverNight) {
  const QuietHours night{.from = kEvening, .to = kMorning};
  EXPECT_EQ(until(night, "2026-01-15T20:59:59.999Z"), "awake");
  EXPECT_EQ(until(night, "2026-01-15T21:00:00Z"), "2026-01-16T06:00:00.000Z");
  EXPECT_EQ(until(night, "2026-01-16T05:59:59Z"), "2026-01-16T06:00:00.000Z");
  EXPECT_EQ(until(night, "2026-01-16T06:00:00Z"), "awake") << "the end is exclusive";
}

TEST(QuietHours, WithinADay) {
  const QuietHours noon{.from = 12 * 60, .to = 13 * 60};
  EXPECT_EQ(until(noon, "2026-01-15T11:30:00Z"), "2026-01-15T12:00:00.000Z");
  EXPECT_EQ(until(noon, "2026-01-15T12:00:00Z"), "awake");
}

TEST(QuietHours, DaysAreThoseOnWhichItBegins) {
  const QuietHours weekend{.from = kEvening, .to = kMorning, .days = {5, 6}};     // Friday and Saturday
  EXPECT_EQ(until(weekend, "2026-01-15T23:00:00Z"), "awake");                     // Thursday
  EXPECT_EQ(until(weekend, "2026-01-17T05:00:00Z"), "2026-01-17T06:00:00.000Z");  // Saturday morning: began on Friday
  EXPECT_EQ(until(weekend, "2026-01-18T05:00:00Z"), "2026-01-18T06:00:00.000Z");  // Sunday morning
  EXPECT_EQ(until(weekend, "2026-01-18T23:00:00Z"), "awake");                     // Sunday evening
  EXPECT_EQ(until({.from = kMorning, .to = kEvening, .days = {0}}, "2026-01-18T12:00:00Z"), "2026-01-18T21:00:00.000Z");
}

TEST(QuietHours, OverTheChangesOfDaylightSaving) {
  const QuietHours night{.from = kEvening, .to = kMorning};
  EXPECT_EQ(until(night, "2026-03-28T22:00:00Z"), "2026-03-29T05:00:00.000Z") << "an hour shorter";
  EXPECT_EQ(until(night, "2026-10-24T21:00:00Z"), "2026-10-25T06:00:00.000Z") << "an hour longer";
  const QuietHours skipped{.from = 2 * 60 + 15, .to = 2 * 60 + 45};
  EXPECT_EQ(until(skipped, "2026-03-29T00:59:59Z"), "awake");
  EXPECT_EQ(until(skipped, "2026-03-29T01:00:00Z"), "awake") << "the whole of it was skipped";
  const QuietHours half{.from = 1 * 60 + 30, .to = 2 * 60 + 30};
  EXPECT_EQ(until(half, "2026-03-29T00:45:00Z"), "2026-03-29T01:00:00.000Z");
}

TEST(Digest, Due) {
  const auto now = utc("2026-03-28T12:00:00Z");
  EXPECT_EQ(digest_due({.window = 10min}, berlin(), now), now + 10min);
  EXPECT_EQ(digest_due({.at = {9 * 60, 16 * 60}}, berlin(), now), utc("2026-03-28T15:00:00Z"));
  EXPECT_EQ(digest_due({.at = {9 * 60}}, berlin(), now), utc("2026-03-29T07:00:00Z"));
}

TEST(Due, AtOnceWithoutAnything) {
  EXPECT_EQ(due({}, {}, true, std::nullopt, utc("2026-01-01T00:00:00Z")), (Due{.at = utc("2026-01-01T00:00:00Z")}));
}

TEST(Due, QuietHoursHoldEverythingThatIsWorthIt) {
  const model::Timing timing{.quiet_hours = QuietHours{.from = kEvening, .to = kMorning}};
  const Zones zones{berlin(), {}};
  const auto now = utc("2026-01-15T22:00:00Z");
  const auto morning = utc("2026-01-16T06:00:00Z");
  EXPECT_EQ(due(timing, zones, true, std::nullopt, now), (Due{.at = morning, .quiet = true}));
  EXPECT_EQ(due(timing, zones, false, std::nullopt, now), (Due{.at = now})) << "excepted";
  EXPECT_EQ(due(timing, zones, true, morning, now), (Due{.at = now})) << "expired by morning";
  EXPECT_EQ(due(timing, zones, true, morning + 1ms, now).at, morning);
}

TEST(Due, DigestsKeepQuietToo) {
  const Zones zones{berlin(), berlin()};
  const auto now = utc("2026-01-15T20:55:00Z");
  const model::Timing timing{.quiet_hours = QuietHours{.from = kEvening, .to = kMorning}, .digest = model::DigestRule{.window = 10min}};
  EXPECT_EQ(due(timing, zones, true, std::nullopt, now), (Due{.at = now, .digest = utc("2026-01-16T06:00:00Z")}));
  EXPECT_EQ(due(timing, zones, false, std::nullopt, now).digest, now + 10min);
  EXPECT_EQ(due(timing, zones, true, now + 1h, now), (Due{.at = now})) << "it would have expired when the digest is sent";
}

TEST(Due, TooMuchIsCollectedUntilTheWindowHasSurelyEnded) {
  const auto now = utc("2026-01-15T12:00:00Z");
  const model::Timing timing{.throttle = model::ThrottleRule{.max_messages = 2, .window = 1h}};
  EXPECT_EQ(due(timing, {}, true, std::nullopt, now), (Due{.at = now, .overflow = now + 1h}));
}

// For any hours and any zone, nothing is due before now or within the quiet hours, and the wait is bounded by the quiet hours.
TEST(Due, Properties) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): a fixed seed
  const auto pick = [&](int max) { return std::uniform_int_distribution<int>(0, max)(random); };
  const std::vector<std::string> names{
      "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"};
  std::vector<base::TimeZone> zones;
  for (const auto& name : names) zones.push_back(base::TimeZone::find(name).value());
  for (int i = 0; i < 20'000; ++i) {
    const auto& zone = zones[static_cast<std::size_t>(pick(5))];
    model::Timing timing{.quiet_hours = QuietHours{.from = pick(1439), .to = pick(1439)}};
    if (timing.quiet_hours->from == timing.quiet_hours->to) continue;
    if (pick(1) == 0) timing.digest = model::DigestRule{.at = {pick(1439), pick(1439)}};
    const auto now = utc("2026-01-01T00:00:00Z") + std::chrono::minutes(pick(600'000));
    const auto found = due(timing, {zone, zone}, true, std::nullopt, now);
    ASSERT_GE(found.at, now);
    ASSERT_EQ(quiet_until(*timing.quiet_hours, zone, found.at), std::nullopt) << base::to_rfc3339(found.at);
    ASSERT_LE(found.at, now + 49h);
    if (!found.digest) continue;
    ASSERT_GT(*found.digest, now);
    ASSERT_EQ(quiet_until(*timing.quiet_hours, zone, *found.digest), std::nullopt);
    ASSERT_LE(*found.digest, now + 74h);
  }
}

}  // namespace
}  // namespace belfry::policy
