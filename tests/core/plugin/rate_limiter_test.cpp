#include "plugin/rate_limiter.hpp"

#include <gtest/gtest.h>

#include "plugin/flood_gate.hpp"
#include "support/plugin_rig.hpp"

namespace belfry::plugin {
namespace {

using base::Millis;

class Buckets : public ::testing::Test {
 protected:
  base::SteadyTime at(std::int64_t ms) { return base::SteadyTime() + std::chrono::hours(1) + Millis(ms); }
  TokenBucket bucket_;
};

TEST_F(Buckets, UndefinedGrantsAll) {
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(bucket_.take(at(0)), Millis(0));
}

TEST_F(Buckets, BurstThenRate) {
  bucket_.define(1, Millis(1000), 2, at(0));
  EXPECT_EQ(bucket_.take(at(0)), Millis(0));
  EXPECT_EQ(bucket_.take(at(0)), Millis(0));
  EXPECT_EQ(bucket_.take(at(0)), Millis(1000));
  EXPECT_EQ(bucket_.take(at(400)), Millis(600));
  EXPECT_EQ(bucket_.take(at(1000)), Millis(0));
  EXPECT_EQ(bucket_.take(at(3'600'000)), Millis(0));
  EXPECT_EQ(bucket_.take(at(3'600'000)), Millis(0));
  EXPECT_NE(bucket_.take(at(3'600'000)), Millis(0));  // never more than the burst
}

TEST_F(Buckets, PauseIsExactAndLongestWins) {
  bucket_.define(100, Millis(1), 100, at(0));
  bucket_.pause(Millis(5000), at(0));
  bucket_.pause(Millis(10), at(0));
  EXPECT_EQ(bucket_.take(at(0)), Millis(5000));
  EXPECT_EQ(bucket_.take(at(4999)), Millis(1));
  EXPECT_EQ(bucket_.take(at(5000)), Millis(0));
}

TEST_F(Buckets, NewFiguresDoNotFillIt) {
  bucket_.define(1, Millis(1000), 1, at(0));
  EXPECT_EQ(bucket_.take(at(0)), Millis(0));
  bucket_.define(1, Millis(100), 10, at(0));
  EXPECT_EQ(bucket_.take(at(0)), Millis(100));
}

TEST_F(Buckets, TimeThatStandsStillOrGoesBack) {
  bucket_.define(1, Millis(10), 1, at(100));
  EXPECT_EQ(bucket_.take(at(100)), Millis(0));
  EXPECT_EQ(bucket_.take(at(50)), Millis(10));
}

TEST(FloodGate, CountsWhatItHolds) {
  FloodGate gate;
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
  const Budget budget_{"sink:a", "post", ""};
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
  limiter_->limited(budget_, Millis(150));
  const auto began = clock_.steady();
  ask(1);
  limiter_->acquire({"sink:a", "lookup", ""}, [this] { granted_.put(2); });
  EXPECT_EQ(granted_.take(), 2);
  EXPECT_EQ(granted_.take(), 1);
  EXPECT_GE(clock_.steady() - began, Millis(149));
}

TEST_F(Limiter, LimitedWithoutADefinition) {
  const Budget other{"sink:b", "", ""};
  limiter_->limited(other, Millis(60));
  const auto began = clock_.steady();
  limiter_->acquire(other, [this] { granted_.put(1); });
  EXPECT_EQ(granted_.take(), 1);
  EXPECT_GE(clock_.steady() - began, Millis(59));
}

TEST_F(Limiter, StopLetsGoOfTheRest) {
  for (int i = 0; i < 100; ++i) ask(i);
  limiter_->stop();
  EXPECT_EQ(ask(1), 0U);
}

}  // namespace
}  // namespace belfry::plugin
