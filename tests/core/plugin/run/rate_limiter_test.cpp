#include "plugin/run/rate_limiter.hpp"

#include <gtest/gtest.h>

#include "plugin/run/log_limiter.hpp"
#include "support/plugin_rig.hpp"

namespace belfry::plugin {
namespace {

using base::Millis;

TEST(FloodGate, CountsWhatItHolds) {
  LogLimiter gate;
  const base::SteadyTime now = base::SteadyTime() + std::chrono::hours(1);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(gate.admit(now).pass);
  EXPECT_TRUE(gate.admit(now).flood_begins);
  EXPECT_FALSE(gate.admit(now).flood_begins);
  const auto after = gate.admit(now + std::chrono::seconds(1));
  EXPECT_TRUE(after.pass);
  EXPECT_EQ(after.dropped, 2U);
  EXPECT_EQ(gate.admit(now + std::chrono::seconds(1)).dropped, 0U);
}

class Limiter : public ::testing::Test {
 protected:
  Limiter() { limiter_->define(budget_, 1, Millis(20), 1); }
  ~Limiter() override {
    limiter_->stop();
    runtime_.stop();
    runtime_.join(std::chrono::seconds(20));
  }
  std::uint64_t ask(int number) {
    return limiter_->acquire(budget_, [this, number] { granted_.put(number); });
  }
  const BudgetKey budget_{"sink:a", "post", ""};
  testing::Mailbox<int> granted_;
  base::SystemClock clock_;
  base::Logger log_{base::LogLevel::error, std::make_shared<base::Scrubber>()};
  net::Runtime runtime_{"net", 2, log_};
  std::shared_ptr<RateLimiter> limiter_ = std::make_shared<RateLimiter>(runtime_, clock_);
};

TEST_F(Limiter, GrantsInTheOrderOfAsking) {
  const auto began = clock_.steady();
  for (int i = 0; i < 5; ++i) ask(i);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(granted_.take(), i);
  EXPECT_GE(clock_.steady() - began, Millis(79));
}

TEST_F(Limiter, CancelledIsSkipped) {
  ask(0);
  const auto second = ask(1);
  ask(2);
  limiter_->cancel(second);
  limiter_->cancel(second);
  limiter_->cancel(4711);
  EXPECT_EQ(granted_.take(), 0);
  EXPECT_EQ(granted_.take(), 2);
}

TEST_F(Limiter, LimitedPausesThisBudgetOnly) {
  limiter_->pause(budget_, Millis(150));
  const auto began = clock_.steady();
  ask(1);
  limiter_->acquire({"sink:a", "lookup", ""}, [this] { granted_.put(2); });
  EXPECT_EQ(granted_.take(), 2);
  EXPECT_EQ(granted_.take(), 1);
  EXPECT_GE(clock_.steady() - began, Millis(149));
}

TEST_F(Limiter, LimitedWithoutADefinition) {
  const BudgetKey other{"sink:b", "", ""};
  limiter_->pause(other, Millis(60));
  const auto began = clock_.steady();
  limiter_->acquire(other, [this] { granted_.put(1); });
  EXPECT_EQ(granted_.take(), 1);
  EXPECT_GE(clock_.steady() - began, Millis(59));
}

const policy::SendRates kRates{{1, Millis(40), 1}, {1, Millis(60), 1}};

TEST_F(Limiter, LanesWithTheSameOwnerShareOneBudget) {
  const auto first = limiter_->send_budget("credential:x", kRates);
  EXPECT_EQ(limiter_->send_budget("credential:x", kRates), first);
  EXPECT_NE(limiter_->send_budget("credential:y", kRates), first);
  EXPECT_EQ(first->reserve(5, clock_.steady()), 1U);
  EXPECT_EQ(limiter_->send_budget("credential:x", {{5, Millis(1), 5}, {}})->wait(clock_.steady()), Millis(1)) << "the latest rates apply";
}

TEST_F(Limiter, APluginTakesFromTheBudgetOfItsLanes) {
  const auto sends = limiter_->send_budget("credential:x", kRates);
  const auto began = clock_.steady();
  ASSERT_EQ(sends->take("shared:C1", began), Millis(0));
  limiter_->acquire({"credential:x", "", "C2"}, [this] { granted_.put(2); });
  limiter_->acquire({"credential:x", "", "C1"}, [this] { granted_.put(1); });
  EXPECT_EQ(granted_.take(), 2);
  EXPECT_EQ(granted_.take(), 1);
  EXPECT_GE(clock_.steady() - began, Millis(59));
}

TEST_F(Limiter, ABudgetThatAPluginNamesFirstIsTheOneOfTheLanesAllTheSame) {
  const BudgetKey of_the_lanes{"account", "", ""};
  limiter_->acquire(of_the_lanes, [this] { granted_.put(1); });
  EXPECT_EQ(granted_.take(), 1);
  const auto lanes = limiter_->send_budget("account", {{1, std::chrono::hours(1), 1}, {}});
  limiter_->pause(of_the_lanes, Millis(60'000));
  EXPECT_GT(lanes->remaining_pause(clock_.steady()), Millis(50'000)) << "and not a private one without limits";
}

TEST_F(Limiter, AnEndedPauseLetsGoOfWhatWaits) {
  limiter_->pause(budget_, Millis(3'600'000));
  ask(1);
  EXPECT_GT(limiter_->wait(budget_), Millis(1'000'000));
  limiter_->end_pauses("somebody else");
  EXPECT_EQ(granted_.size(), 0U);
  limiter_->end_pauses("sink:a");
  EXPECT_EQ(granted_.take(), 1);
}

TEST_F(Limiter, WhatAPluginSaysOfItsDeliveriesPausesTheLanes) {
  const auto sends = limiter_->send_budget("credential:x", kRates);
  limiter_->pause({"credential:x", "", "C1"}, Millis(5000));
  EXPECT_GT(sends->take("shared:C1", clock_.steady()), Millis(1000));
  EXPECT_EQ(sends->remaining_pause(clock_.steady()), Millis(0));
  limiter_->pause({"credential:x", "chat.update", ""}, Millis(5000));
  EXPECT_EQ(sends->remaining_pause(clock_.steady()), Millis(0)) << "another method";
  limiter_->pause({"credential:x", "", ""}, Millis(5000));
  EXPECT_GT(sends->remaining_pause(clock_.steady()), Millis(1000));
  limiter_->define({"credential:x", "", ""}, 1000, Millis(1), 1000);
  EXPECT_EQ(sends->reserve(1, clock_.steady()), 0U);
}

TEST_F(Limiter, SaysHowLongOneMoreWouldWait) {
  const BudgetKey slow{"sink:a", "slow", ""};
  EXPECT_EQ(limiter_->wait(slow), Millis(0)) << "not defined";
  limiter_->define(slow, 1, std::chrono::hours(1), 2);
  EXPECT_EQ(limiter_->wait(slow), Millis(0));
  for (int i = 0; i < 5; ++i) limiter_->acquire(slow, [] {});
  // Two were granted, three wait, and the next would be the fourth.
  EXPECT_GT(limiter_->wait(slow), std::chrono::minutes(239));
  EXPECT_LE(limiter_->wait(slow), std::chrono::hours(4));
  limiter_->pause({"sink:a", "post", "C1"}, std::chrono::seconds(50));
  EXPECT_GT(limiter_->wait({"sink:a", "post", "C1"}), std::chrono::seconds(49));
  EXPECT_EQ(limiter_->wait({"sink:a", "post", "C2"}), Millis(0));
}

TEST_F(Limiter, WaitsForAPlaceOfTheLanesToo) {
  const auto lanes = limiter_->send_budget("credential:x", {{}, {1, std::chrono::hours(1), 1}});
  const BudgetKey there{"credential:x", "", "C1"};
  EXPECT_EQ(limiter_->wait(there), Millis(0));
  EXPECT_EQ(lanes->take("shared:C1", clock_.steady()), Millis(0));
  EXPECT_GT(limiter_->wait(there), std::chrono::minutes(59));
  EXPECT_EQ(limiter_->wait({"credential:x", "", "C2"}), Millis(0));
}

// A limiter with a capacity of four budgets.
class SmallLimiter : public Limiter {
 protected:
  SmallLimiter() {
    limiter_->stop();
    limiter_ = std::make_shared<RateLimiter>(runtime_, clock_, 4);
  }
  static BudgetKey channel(int i) { return {"sink:a", "post", "C" + std::to_string(i)}; }
};

TEST_F(SmallLimiter, ForgetsWhatIsIdleAndItsLimitComesBack) {
  for (int i = 0; i < 4; ++i) limiter_->define(channel(i), 1, std::chrono::hours(1), 1);
  limiter_->define(channel(9), 1, std::chrono::hours(1), 1);  // the others are idle, so one of them is dropped
  for (const int i : {9, 0}) {
    limiter_->acquire(channel(i), [this, i] { granted_.put(i); });
    EXPECT_EQ(granted_.take(), i);
    EXPECT_GT(limiter_->wait(channel(i)), Millis(3'000'000)) << "its limit is restored";
  }
}

TEST_F(SmallLimiter, WaitsRatherThanGrantingWhenAllAreInUse) {
  for (int i = 0; i < 4; ++i) {
    limiter_->define(channel(i), 1, std::chrono::hours(1), 1);
    limiter_->acquire(channel(i), [this, i] { granted_.put(i); });
    EXPECT_EQ(granted_.take(), i);
  }
  for (int i = 10; i < 20; ++i) limiter_->define(channel(i), 100, Millis(1), 100);
  int granted = 0;
  for (int i = 10; i < 20; ++i) limiter_->acquire(channel(i), [this, i] { granted_.put(i); });
  granted += granted_.take() == 10 ? 1 : 0;
  EXPECT_EQ(granted, 1) << "in the order of the requests";
  EXPECT_GE(limiter_->wait(channel(30)), Millis(5'000)) << "they share one grant a second";
  EXPECT_GT(limiter_->wait(channel(0)), Millis(3'000'000)) << "a budget in use is not dropped";
}

TEST_F(Limiter, StopLetsGoOfTheRest) {
  for (int i = 0; i < 100; ++i) ask(i);
  limiter_->stop();
  EXPECT_EQ(ask(1), 0U);
}

}  // namespace
}  // namespace belfry::plugin
