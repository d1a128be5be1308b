#include "policy/rate_limit.hpp"

#include <limits>

namespace belfry::policy {
namespace {

using namespace std::chrono_literals;
constexpr base::Timestamp kStart{base::Millis(1'700'000'000'000)};

TEST(TokenBucket, BurstThenEvenly) {
  TokenBucket bucket({.events = 300, .period = 1min, .burst = 3});
  EXPECT_EQ(bucket.available(kStart), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.take(kStart), std::nullopt);
  EXPECT_EQ(bucket.available(kStart), 0U);
  EXPECT_EQ(bucket.take(kStart), kStart + 200ms);
  EXPECT_EQ(bucket.take(kStart + 199ms), kStart + 200ms) << "asking costs nothing";
  EXPECT_EQ(bucket.take(kStart + 200ms), std::nullopt);
  EXPECT_EQ(bucket.take(kStart + 200ms), kStart + 400ms);
}

TEST(TokenBucket, NeverMoreThanTheBurstAfterARest) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 2});
  EXPECT_EQ(bucket.take(kStart), std::nullopt);
  EXPECT_EQ(bucket.available(kStart + 24h), 2U);
  EXPECT_EQ(bucket.take(kStart + 24h), std::nullopt);
  EXPECT_EQ(bucket.take(kStart + 24h), std::nullopt);
  EXPECT_EQ(bucket.take(kStart + 24h), kStart + 24h + 1s);
}

TEST(TokenBucket, AnsweredTimeIsAlwaysEnough) {
  // 7 a minute has no whole interval in milliseconds: rounding must not make the caller come back too early.
  TokenBucket bucket({.events = 7, .period = 1min, .burst = 1});
  auto now = kStart;
  for (int i = 0; i < 700; ++i) {
    if (const auto wait = bucket.take(now)) {
      ASSERT_GT(*wait, now);
      now = *wait;
      ASSERT_EQ(bucket.take(now), std::nullopt) << i;
    }
  }
  EXPECT_NEAR(static_cast<double>((now - kStart).count()), 699 * 60'000.0 / 7, 700);
}

TEST(TokenBucket, NextSaysWhen) {
  TokenBucket bucket({.events = 1, .period = 1s});
  EXPECT_EQ(bucket.next(kStart), kStart);
  EXPECT_EQ(bucket.take(kStart), std::nullopt);
  EXPECT_EQ(bucket.next(kStart), kStart + 1s);
  EXPECT_EQ(bucket.next(kStart + 5s), kStart + 5s);
}

TEST(TokenBucket, NoLimit) {
  for (const RateLimit limit : {RateLimit{}, RateLimit{.events = 5, .period = 0ms}, RateLimit{.events = 5, .period = -1s}}) {
    TokenBucket bucket(limit);
    EXPECT_EQ(bucket.available(kStart), std::numeric_limits<std::size_t>::max());
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(bucket.take(kStart), std::nullopt);
    EXPECT_TRUE(bucket.idle(kStart));
  }
}

TEST(TokenBucket, BurstOfZeroIsOne) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 0});
  EXPECT_EQ(bucket.take(kStart), std::nullopt);
  EXPECT_EQ(bucket.take(kStart), kStart + 1s);
}

TEST(TokenBucket, ExtremeFiguresDoNotOverflow) {
  constexpr auto kMost = std::numeric_limits<std::uint32_t>::max();
  TokenBucket rare({.events = 1, .period = base::Millis(kMost), .burst = kMost});
  EXPECT_EQ(rare.take(kStart), std::nullopt);
  EXPECT_FALSE(rare.idle(kStart));
  TokenBucket often({.events = kMost, .period = 1s, .burst = kMost});
  EXPECT_EQ(often.take(kStart), std::nullopt);
}

TEST(TokenBucket, AClockSetBackCostsOneRefill) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 2});
  EXPECT_EQ(bucket.take(kStart), std::nullopt);
  const auto back = kStart - 1h;
  const auto wait = bucket.take(back);
  ASSERT_TRUE(wait);
  EXPECT_EQ(*wait, back + 1s);
}

TEST(TokenBucket, IdleWhenFull) {
  TokenBucket bucket({.events = 1, .period = 1s, .burst = 2});
  EXPECT_TRUE(bucket.idle(kStart));
  EXPECT_EQ(bucket.take(kStart), std::nullopt);
  EXPECT_FALSE(bucket.idle(kStart + 999ms));
  EXPECT_TRUE(bucket.idle(kStart + 1s));
}

}  // namespace
}  // namespace belfry::policy
