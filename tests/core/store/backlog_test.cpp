// The counts, compared with a plain list of deliveries.
#include "store/backlog.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

TEST(Moments, CountLikeAList) {
  std::mt19937 random(7);
  const auto below = [&](int n) { return std::uniform_int_distribution(0, n - 1)(random); };
  TimestampMultiset moments;
  std::vector<base::Timestamp> list;
  for (int i = 0; i < 20'000; ++i) {
    const auto moment = kStart + base::Millis(below(5'000)) - base::Millis(below(5'000));
    if (list.empty() || below(5) < 3) {
      moments.add(moment);
      list.push_back(moment);
    } else {
      const auto which = list.begin() + below(static_cast<int>(list.size()));
      ASSERT_TRUE(moments.remove(*which));
      list.erase(which);
    }
    if (i % 7 != 0) continue;
    const auto now = kStart + base::Millis(below(12'000) - 6'000);  // back and forth
    ASSERT_EQ(moments.count_after(now), std::ranges::count_if(list, [&](auto one) { return one > now; }));
    const auto later = [&](auto one) { return one > now; };
    std::optional<base::Timestamp> next;
    for (const auto one : list)
      if (later(one)) next = std::min(next.value_or(one), one);
    ASSERT_EQ(moments.first_after(now), next);
    ASSERT_EQ(moments.earliest(), list.empty() ? std::nullopt : std::optional(*std::ranges::min_element(list)));
  }
}

TEST(Moments, RemoveOnlyWhatWasAdded) {
  TimestampMultiset moments;
  moments.add(kStart);
  EXPECT_FALSE(moments.remove(kStart + 1ms));
  EXPECT_FALSE(moments.remove(kStart + 1s));
  EXPECT_TRUE(moments.remove(kStart));
  EXPECT_FALSE(moments.remove(kStart));
  EXPECT_TRUE(moments.empty());
}

TEST(Backlog, CountsFromTheCommitOn) {
  Backlog backlog;
  const CountedDelivery one{.sink = "slack", .queue = 1, .open = true, .joins_at = kStart, .due_at = kStart};
  backlog.added(one);
  EXPECT_TRUE(backlog.stats(kStart).sinks.empty()) << "the group is not committed";
  backlog.rollback();
  EXPECT_TRUE(backlog.commit());
  EXPECT_TRUE(backlog.stats(kStart).sinks.empty()) << "a group that is rolled back leaves nothing behind";
  backlog.added(one);
  EXPECT_TRUE(backlog.commit());
  EXPECT_EQ(backlog.stats(kStart).sinks.at("slack").waiting, 1);
  backlog.removed(one);
  EXPECT_TRUE(backlog.commit());
  EXPECT_TRUE(backlog.stats(kStart).sinks.empty());
  backlog.removed(one);
  EXPECT_FALSE(backlog.commit()) << "it reports inconsistent counts";
}

// Two stores that open the same data later have the same counts.
TEST_P(StoreTest, CountsAreTakenAgainWhenTheStoreIsOpened) {
  if (GetParam().name == "memory") GTEST_SKIP() << "nothing survives";
  ASSERT_TRUE(calls_.accept(simple("a", "a", kStart - 1h)));
  ASSERT_TRUE(calls_.accept(simple("b", "b")));
  ASSERT_TRUE(calls_.accept(simple("c", "c")));
  auto held = planned("d-held", "held");
  held.delivery.due_at = kStart + 1h;
  ASSERT_TRUE(calls_.accept(acceptance("held", {held})));
  ASSERT_TRUE(deliver(kStart, failed(), RetryAt{kStart + 1min}));
  ASSERT_TRUE(calls_.pause("direct:c", kStart + 1min));
  const auto before = calls_.stats(kStart)->sinks.at("slack");
  store_.reset();
  store_ = GetParam().make(directory_.path(), clock_);
  for (const auto now : {kStart, kStart + 1min, kStart + 1h}) {
    const auto after = store_->stats(now).sinks.at("slack");
    if (now == kStart) {
      EXPECT_EQ(after.backoff, before.backoff);
      EXPECT_EQ(after.held, before.held);
      EXPECT_EQ(after.held, 2);
      EXPECT_EQ(after.waiting, before.waiting);
      EXPECT_EQ(after.oldest, kStart - 1h);
    }
    EXPECT_EQ(after.waiting + after.backoff + after.held, 4);
  }
  EXPECT_EQ(store_->stats(kStart + 1h).sinks.at("slack").waiting, 4);
}

}  // namespace
}  // namespace belfry::store
