#include "app/upkeep/clock_steps.hpp"

#include <gtest/gtest.h>

namespace belfry::app {
namespace {

using namespace std::chrono_literals;
using Action = ClockWatch::Action;

constexpr base::SteadyTime kWatchStart{1h};

TEST(ClockWatch, AStepIsAdoptedWhenTwoLooksAgree) {
  ClockWatch watch(0ms, kWatchStart);
  EXPECT_EQ(watch.observe(0ms, kWatchStart), Action{});
  EXPECT_EQ(watch.observe(-1h, kWatchStart + 500ms), Action{}) << "one reading proves nothing";
  EXPECT_EQ(watch.observe(-1h, kWatchStart + 1s), (Action{.adopt = -1h, .save = true}));
  EXPECT_EQ(watch.observe(0ms, kWatchStart + 1500ms), Action{});
}

TEST(ClockWatch, ReadingsThatDoNotAgreeAreNoStep) {
  ClockWatch watch(0ms, kWatchStart);
  EXPECT_EQ(watch.observe(5s, kWatchStart), Action{});
  EXPECT_EQ(watch.observe(0ms, kWatchStart), Action{});
  EXPECT_EQ(watch.observe(5s, kWatchStart), Action{});
  EXPECT_EQ(watch.observe(192h, kWatchStart), Action{});
  EXPECT_EQ(watch.observe(192h, kWatchStart), (Action{.adopt = 192h, .save = true}));
}

TEST(ClockWatch, KeepsTheTimeOnceAMinuteAndAgainWhenThatFailed) {
  ClockWatch watch(0ms, kWatchStart);
  EXPECT_EQ(watch.observe(0ms, kWatchStart + 59s), Action{});
  EXPECT_EQ(watch.observe(0ms, kWatchStart + 60s), Action{.save = true});
  EXPECT_EQ(watch.observe(0ms, kWatchStart + 61s), Action{});
  watch.save_failed(kWatchStart + 61s);
  EXPECT_EQ(watch.observe(0ms, kWatchStart + 62s), Action{.save = true});
}

// The time that the watch accounts for, after the wall clock was set by `step` in the second minute (zero: it was not set).
base::Millis made_up_for(base::Millis unaccounted, base::Millis step) {
  ClockWatch watch(unaccounted, kWatchStart);
  base::Millis account{};
  for (auto at = kWatchStart; at < kWatchStart + 30min; at += 1s) {
    const bool set = step.count() != 0 && (at == kWatchStart + 80s || at == kWatchStart + 81s);
    const auto action = watch.observe(set ? step : 0ms, at);
    EXPECT_TRUE(action.account.count() == 0 || at - kWatchStart >= (step.count() == 0 ? 10min : 10min + 81s));
    account += action.account;
  }
  return account;
}

TEST(ClockWatch, MakesUpForTheTimeThatAClockWhichStaysShows) {
  EXPECT_EQ(made_up_for(240h, 0ms), 240h) << "the machine was off for ten days";
  EXPECT_EQ(made_up_for(192h, -192h), 0ms) << "the clock was eight days ahead, and was corrected";
  EXPECT_EQ(made_up_for(-240h, 250h), 10h) << "it was behind, and the machine was off for ten hours";
  EXPECT_EQ(made_up_for(-240h, 0ms), 0ms) << "it is behind";
  EXPECT_EQ(made_up_for(0ms, 192h), 0ms) << "a step of a clock that was believed";
}

TEST(ClockWatch, TriesAgainToMakeUpForIt) {
  ClockWatch watch(240h, kWatchStart);
  EXPECT_EQ(watch.observe(0ms, kWatchStart + 10min).account, 240h);
  watch.account_failed(240h);
  EXPECT_EQ(watch.observe(0ms, kWatchStart + 11min).account, 240h);
}

}  // namespace
}  // namespace belfry::app
