// The stored gateway clock, and the deliveries that follow the wall clock when it is set.
#include <gmock/gmock.h>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr base::Timestamp kMorning = kStart + 10h;

// Held until a time of day in ten hours, and expires one hour after that.
Acceptance until_morning(const std::string& id) {
  auto one = planned("d-" + id);
  one.delivery.due_at = kMorning;
  one.delivery.expires_at = kMorning + 1h;
  one.time_of_day = true;
  return acceptance(id, {one});
}

base::ClockCheckpoint ahead_by(base::Millis ahead) { return {.boot_id = "b", .since_boot = 5s, .time = kStart, .wall_offset = ahead}; }

TEST_P(StoreTest, TheClockIsKept) {
  EXPECT_EQ(calls_.clock()->mark, std::nullopt);
  EXPECT_EQ(calls_.clock()->newest, base::Timestamp{});
  ASSERT_TRUE(calls_.accept(simple("n1")));
  EXPECT_EQ(calls_.clock()->newest, kStart);
  EXPECT_EQ(calls_.save_clock(ahead_by(1h)), 0);
  EXPECT_EQ(calls_.save_clock(ahead_by(2h)), 0);
  if (GetParam().keeps) {
    store_.reset();
    store_ = GetParam().make(directory_.path(), clock_);
    EXPECT_EQ(Calls(*store_).clock()->mark, ahead_by(2h));
  } else {
    EXPECT_EQ(calls_.clock()->mark, ahead_by(2h));
  }
}

struct Step {
  base::Millis step;
  base::Millis due;  // after kStart
};

// The hour stays, and the day follows a clock that is set by days. A delivery whose new time has passed is due at once.
TEST_P(StoreTest, ATimeOfDayFollowsTheWallClock) {
  const Step rows[] = {{-1h, 11h},      {1h, 9h},     {30min, 9h + 30min}, {192h, 10h}, {-240h, 10h},
                       {192h + 2h, 8h}, {-241h, 11h}, {11h, -1h},          {13h, 21h},  {-13h, -1h}};
  for (const auto& [step, due] : rows) {
    SCOPED_TRACE(base::to_string(step));
    const TemporaryDirectory directory;
    const auto store = GetParam().make(directory.path(), clock_);
    Calls calls(*store);
    ASSERT_TRUE(calls.accept(until_morning("n1")));
    EXPECT_EQ(calls.save_clock(ahead_by(step)), 1);
    const auto moved = calls.history("n1")->deliveries.at(0);
    EXPECT_EQ(moved.due_at, kStart + due);
    EXPECT_EQ(moved.expires_at, kStart + std::max(due, base::Millis(0)) + 1h) << "it lives as long as before";
    const auto from = kStart + std::max(due, base::Millis(0));
    if (due > base::Millis(0)) {
      EXPECT_THAT(calls.lease(from - 1ms)->leased, IsEmpty());
    }
    EXPECT_THAT(ids(*calls.lease(from)), ElementsAre("d-n1"));
  }
}

TEST_P(StoreTest, DurationsDoNotFollowTheWallClock) {
  auto collected = planned("d-digest", "b");
  collected.digest = DigestKey{"hourly", kStart + 1h, kStart + 25h};
  ASSERT_TRUE(calls_.accept(acceptance("n1", {collected})));
  ASSERT_TRUE(calls_.accept(simple("n2", "a")));
  ASSERT_TRUE(deliver(kStart, failed(), RetryAt{kStart + 5s}));
  ASSERT_TRUE(calls_.accept(simple("n3", "c")));
  ASSERT_TRUE(calls_.pause("direct:c", kStart + 5s));
  for (const base::Millis ahead : {base::Millis(-1h), base::Millis(192h), base::Millis(-240h)})
    EXPECT_EQ(calls_.save_clock(ahead_by(ahead)), 0);
  EXPECT_THAT(calls_.lease(kStart + 4999ms)->leased, IsEmpty());
  EXPECT_THAT(calls_.lease_expired(kStart + 4999ms)->leased, IsEmpty());
  EXPECT_EQ(calls_.lease(kStart + 5s)->leased.size(), 2);
  EXPECT_THAT(ids(*calls_.lease(kStart + 1h)), testing::Contains("d-digest"));
}

TEST_P(StoreTest, AnOpenDigestThatMovedIsJoined) {
  const auto with_key = [](const std::string& id) {
    auto one = planned("d-" + id);
    one.digest = DigestKey{"daily", kMorning, kMorning + 1h, "", true};
    return acceptance(id, {one});
  };
  ASSERT_TRUE(calls_.accept(with_key("n1")));
  EXPECT_EQ(calls_.save_clock(ahead_by(11h)), 1);
  auto second = with_key("n2");
  second.wall_offset = 11h;
  EXPECT_THAT(calls_.accept(second)->sinks, IsEmpty()) << "joins it";
  EXPECT_EQ(calls_.lease(kStart)->leased.at(0).items.size(), 2) << "the morning has come";
}

TEST_P(StoreTest, WhatWasPlannedBeforeTheClockWasSetFollowsToo) {
  EXPECT_EQ(calls_.save_clock(ahead_by(-1h)), 0);
  ASSERT_TRUE(calls_.accept(until_morning("n1")));
  EXPECT_EQ(calls_.history("n1")->deliveries.at(0).due_at, kMorning + 1h);
  auto after = until_morning("n2");
  after.wall_offset = -1h;
  ASSERT_TRUE(calls_.accept(after));
  EXPECT_EQ(calls_.history("n2")->deliveries.at(0).due_at, kMorning);
}

TEST_P(StoreTest, TimeThatWasNotCountedIsMadeUpFor) {
  ASSERT_TRUE(calls_.accept(until_morning("n1")));
  ASSERT_TRUE(calls_.accept(simple("n2", "a")));
  auto fresh = planned("d-n3", "c", kStart + 1min);
  ASSERT_TRUE(calls_.accept(acceptance("n3", {fresh})));
  EXPECT_EQ(calls_.age_deliveries(240h, kStart + 1s), 2);
  EXPECT_EQ(calls_.lease_expired(kStart + 1min)->leased.size(), 2);
  EXPECT_THAT(ids(*calls_.lease(kStart + 1min)), ElementsAre("d-n3"));
}

}  // namespace
}  // namespace belfry::store
