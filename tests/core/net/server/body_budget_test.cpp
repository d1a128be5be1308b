#include "net/server/body_budget.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace belfry::net {
namespace {

using Phase = BodyBudget::Reservation::Phase;

class BodyBudgetTest : public testing::Test {
 protected:
  std::shared_ptr<BodyBudget::Reservation> reserve(std::size_t bytes, base::SteadyTime since) {
    return budget.reserve(bytes, since, [this] { ++changes; });
  }
  const base::SteadyTime now = std::chrono::steady_clock::now();
  const base::SteadyTime long_ago = now - BodyBudget::kRevokeAfter;
  int changes = 0;
  BodyBudget budget{100};
};

TEST_F(BodyBudgetTest, GrantsWhatFitsAndLetsTheRestWaitInOrder) {
  auto first = reserve(60, now), second = reserve(60, now), third = reserve(10, now);
  EXPECT_EQ(first->phase(), Phase::receiving);
  EXPECT_EQ(second->phase(), Phase::waiting);
  EXPECT_EQ(third->phase(), Phase::waiting) << "it would overtake";
  first.reset();
  EXPECT_EQ(second->phase(), Phase::receiving);
  EXPECT_EQ(third->phase(), Phase::receiving);
  EXPECT_EQ(changes, 2);
  EXPECT_EQ(budget.used(), 70U);
}

TEST_F(BodyBudgetTest, ACompleteBodyTakesWhatItHas) {
  auto chunked = reserve(90, now), next = reserve(50, now);
  EXPECT_TRUE(chunked->complete(20));
  EXPECT_EQ(next->phase(), Phase::receiving);
  EXPECT_EQ(budget.used(), 70U);
}

TEST_F(BodyBudgetTest, ASlowBodyLosesItsClaimToOneThatWaits) {
  auto slow = reserve(80, long_ago), young = reserve(20, now);
  static_cast<void>(budget.revoke_slow(now));
  EXPECT_EQ(slow->phase(), Phase::receiving) << "nobody waits";
  auto next = reserve(30, now);
  EXPECT_GT(budget.revoke_slow(now), now);
  EXPECT_EQ(slow->phase(), Phase::revoked);
  EXPECT_EQ(young->phase(), Phase::receiving);
  EXPECT_EQ(next->phase(), Phase::waiting) << "the memory is not free yet";
  EXPECT_FALSE(slow->complete(80));
  slow.reset();
  EXPECT_EQ(next->phase(), Phase::receiving);
}

TEST_F(BodyBudgetTest, ABodyThatIsCompleteKeepsItsClaim) {
  auto done = reserve(100, long_ago);
  EXPECT_TRUE(done->complete(100));
  auto next = reserve(1, now);
  static_cast<void>(budget.revoke_slow(now));
  EXPECT_EQ(done->phase(), Phase::complete);
  EXPECT_EQ(next->phase(), Phase::waiting);
}

TEST_F(BodyBudgetTest, OneThatLeavesWhileItWaitsHoldsNobodyUp) {
  auto first = reserve(100, now), second = reserve(100, now), third = reserve(100, now);
  second.reset();
  first.reset();
  EXPECT_EQ(third->phase(), Phase::receiving);
}

TEST_F(BodyBudgetTest, OneBodyFitsAlways) {
  auto huge = reserve(1000, now);
  EXPECT_EQ(huge->phase(), Phase::receiving);
  auto next = reserve(1, now);
  EXPECT_EQ(next->phase(), Phase::waiting);
  budget.limit(2000);
  EXPECT_EQ(next->phase(), Phase::receiving);
}

}  // namespace
}  // namespace belfry::net
