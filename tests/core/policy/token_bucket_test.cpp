#include "policy/token_bucket.hpp"

#include <limits>

namespace belfry::policy {
namespace {

using namespace std::chrono_literals;
constexpr base::SteadyTime kStart{std::chrono::hours(1)};
constexpr base::Millis kTaken{0};

TEST(TokenBucket, BurstThenEvenly) {
  TokenBucket bucket({.events = 300, .period = 1min, .burst = 3});
  EXPECT_EQ(bucket.available(kStart), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.take(kStart), kTaken);
  EXPECT_EQ(bucket.available(kStart), 0U);
  EXPECT_EQ(bucket.take(kStart), 200ms);
  EXPECT_EQ(bucket.take(kStart + 199ms), 1ms) << "a failed take costs nothing";
  EXPECT_EQ(bucket.take(kStart + 200ms), kTaken);
  EXPECT_EQ(bucket.take(kStart + 200ms), 200ms);
}

TEST(TokenBucket, NeverMoreThanTheBurstAfterARest) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 2});
  EXPECT_EQ(bucket.take(kStart), kTaken);
  EXPECT_EQ(bucket.available(kStart + 24h), 2U);
  EXPECT_EQ(bucket.take(kStart + 24h), kTaken);
  EXPECT_EQ(bucket.take(kStart + 24h), kTaken);
  EXPECT_EQ(bucket.take(kStart + 24h), 1s);
}

TEST(TokenBucket, AnsweredTimeIsAlwaysEnough) {
  // The interval of 7 per minute is not a whole number of milliseconds: rounding must not make the caller retry too early.
  TokenBucket bucket({.events = 7, .period = 1min, .burst = 1});
  auto now = kStart;
  for (int i = 0; i < 700; ++i) {
    if (const auto wait = bucket.take(now); wait.count() > 0) {
      now += wait;
      ASSERT_EQ(bucket.take(now), kTaken) << i;
    }
  }
  EXPECT_NEAR(static_cast<double>(std::chrono::duration_cast<base::Millis>(now - kStart).count()), 699 * 60'000.0 / 7, 700);
}

TEST(TokenBucket, WaitSaysWhen) {
  TokenBucket bucket({.events = 1, .period = 1s});
  EXPECT_EQ(bucket.wait(kStart), 0ms);
  EXPECT_EQ(bucket.take(kStart), kTaken);
  EXPECT_EQ(bucket.wait(kStart), 1s);
  EXPECT_EQ(bucket.wait(kStart + 5s), 0ms);
}

TEST(TokenBucket, WaitCountsThoseBefore) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 3});
  EXPECT_EQ(bucket.wait(kStart, 2), 0ms);
  EXPECT_EQ(bucket.wait(kStart, 3), 1s);
  EXPECT_EQ(bucket.wait(kStart, 100), 98s);
  bucket.pause(10s, kStart);
  EXPECT_EQ(bucket.wait(kStart, 2), 10s);
  EXPECT_EQ(bucket.wait(kStart, 3), 11s);
  EXPECT_EQ(TokenBucket().wait(kStart, 1'000'000), 0ms);
}

TEST(TokenBucket, NoLimit) {
  for (const RateLimit limit : {RateLimit{}, RateLimit{.events = 5, .period = 0ms}, RateLimit{.events = 5, .period = -1s}}) {
    TokenBucket bucket(limit);
    EXPECT_EQ(bucket.available(kStart), std::numeric_limits<std::size_t>::max());
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(bucket.take(kStart), kTaken);
    EXPECT_TRUE(bucket.idle(kStart));
  }
}

TEST(TokenBucket, BurstOfZeroIsOne) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 0});
  EXPECT_EQ(bucket.take(kStart), kTaken);
  EXPECT_EQ(bucket.take(kStart), 1s);
}

TEST(TokenBucket, ExtremeFiguresDoNotOverflow) {
  constexpr auto kLargest = std::numeric_limits<std::uint32_t>::max();
  TokenBucket rare({.events = 1, .period = base::Millis(kLargest), .burst = kLargest});
  EXPECT_EQ(rare.take(kStart), kTaken);
  EXPECT_FALSE(rare.idle(kStart));
  TokenBucket often({.events = kLargest, .period = 1s, .burst = kLargest});
  EXPECT_EQ(often.take(kStart), kTaken);
}

TEST(TokenBucket, APauseIsExactAndTheLongestWins) {
  TokenBucket bucket({.events = 100, .period = 1ms, .burst = 100});
  bucket.pause(5s, kStart);
  bucket.pause(10ms, kStart);
  EXPECT_EQ(bucket.take(kStart), 5s);
  EXPECT_EQ(bucket.available(kStart), 0U);
  EXPECT_EQ(bucket.remaining_pause(kStart + 2s), 3s);
  EXPECT_FALSE(bucket.idle(kStart + 2s));
  EXPECT_EQ(bucket.take(kStart + 4999ms), 1ms);
  EXPECT_EQ(bucket.take(kStart + 5s), kTaken);
  EXPECT_EQ(bucket.remaining_pause(kStart + 5s), 0ms);
  bucket.pause(base::Millis::max(), kStart);
  EXPECT_EQ(bucket.remaining_pause(kStart), 1h) << "no remote can stop a gateway for good";
}

TEST(TokenBucket, APauseWithoutALimit) {
  TokenBucket bucket;
  bucket.pause(1s, kStart);
  EXPECT_EQ(bucket.reserve(5, kStart), 0U);
  EXPECT_EQ(bucket.reserve(5, kStart + 1s), 5U);
}

TEST(TokenBucket, AfterAPauseTheRateStillHolds) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 1});
  EXPECT_EQ(bucket.take(kStart), kTaken);
  bucket.pause(400ms, kStart);
  EXPECT_EQ(bucket.wait(kStart), 1s);
}

TEST(TokenBucket, NewFiguresDoNotFillIt) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 1});
  EXPECT_EQ(bucket.take(kStart), kTaken);
  bucket.reconfigure({.events = 10, .period = 1s, .burst = 10}, kStart);
  EXPECT_EQ(bucket.take(kStart), 100ms);
  bucket.reconfigure({.events = 10, .period = 1s, .burst = 2}, kStart + 10s);
  EXPECT_EQ(bucket.available(kStart + 10s), 2U) << "the new burst limits the tokens that are kept";
  bucket.reconfigure({}, kStart + 10s);
  EXPECT_EQ(bucket.available(kStart + 10s), std::numeric_limits<std::size_t>::max());
  bucket.reconfigure({.events = 1, .period = 1s, .burst = 3}, kStart + 10s);
  EXPECT_EQ(bucket.available(kStart + 10s), 3U) << "without a limit before, the bucket starts full";
}

TEST(TokenBucket, WhatWasReservedCanBeGivenBack) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 5});
  EXPECT_EQ(bucket.reserve(3, kStart), 3U);
  EXPECT_EQ(bucket.reserve(3, kStart), 2U);
  bucket.release(4);
  EXPECT_EQ(bucket.available(kStart), 4U);
  bucket.release(100);
  EXPECT_EQ(bucket.available(kStart), 5U) << "never more than the burst";
}

TEST(TokenBucket, TimeThatGoesBackCostsNoMoreThanARefill) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 2});
  EXPECT_EQ(bucket.take(kStart), kTaken);
  EXPECT_EQ(bucket.take(kStart - 30min), 1s);
}

TEST(TokenBucket, IdleWhenFull) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 2});
  EXPECT_TRUE(bucket.idle(kStart));
  EXPECT_EQ(bucket.take(kStart), kTaken);
  EXPECT_FALSE(bucket.idle(kStart + 999ms));
  EXPECT_TRUE(bucket.idle(kStart + 1s));
}

}  // namespace
}  // namespace belfry::policy
