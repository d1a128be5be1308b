#include "net/body_budget.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace belfry::net {
namespace {

using Phase = BodyBudget::Claim::Phase;

class BodyBudgetTest : public testing::Test {
 protected:
  std::shared_ptr<BodyBudget::Claim> claim(std::size_t bytes, base::SteadyTime since) {
    return budget.claim(bytes, since, [this] { ++changes; });
  }
  const base::SteadyTime now = std::chrono::steady_clock::now();
  const base::SteadyTime long_ago = now - BodyBudget::kPatience;
  int changes = 0;
  BodyBudget budget{100};
};

TEST_F(BodyBudgetTest, GrantsWhatFitsAndLetsTheRestWaitInOrder) {
  auto first = claim(60, now), second = claim(60, now), third = claim(10, now);
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
  auto chunked = claim(90, now), next = claim(50, now);
  EXPECT_TRUE(chunked->complete(20));
  EXPECT_EQ(next->phase(), Phase::receiving);
  EXPECT_EQ(budget.used(), 70U);
}

TEST_F(BodyBudgetTest, ASlowBodyLosesItsClaimToOneThatWaits) {
  auto slow = claim(80, long_ago), young = claim(20, now);
  static_cast<void>(budget.hurry(now));
  EXPECT_EQ(slow->phase(), Phase::receiving) << "nobody waits";
  auto next = claim(30, now);
  EXPECT_GT(budget.hurry(now), now);
  EXPECT_EQ(slow->phase(), Phase::revoked);
  EXPECT_EQ(young->phase(), Phase::receiving);
  EXPECT_EQ(next->phase(), Phase::waiting) << "the memory is not free yet";
  EXPECT_FALSE(slow->complete(80));
  slow.reset();
  EXPECT_EQ(next->phase(), Phase::receiving);
}

TEST_F(BodyBudgetTest, ABodyThatIsCompleteKeepsItsClaim) {
  auto done = claim(100, long_ago);
  EXPECT_TRUE(done->complete(100));
  auto next = claim(1, now);
  static_cast<void>(budget.hurry(now));
  EXPECT_EQ(done->phase(), Phase::complete);
  EXPECT_EQ(next->phase(), Phase::waiting);
}

TEST_F(BodyBudgetTest, OneThatLeavesWhileItWaitsHoldsNobodyUp) {
  auto first = claim(100, now), second = claim(100, now), third = claim(100, now);
  second.reset();
  first.reset();
  EXPECT_EQ(third->phase(), Phase::receiving);
}

TEST_F(BodyBudgetTest, OneBodyFitsAlways) {
  auto huge = claim(1000, now);
  EXPECT_EQ(huge->phase(), Phase::receiving);
  auto next = claim(1, now);
  EXPECT_EQ(next->phase(), Phase::waiting);
  budget.limit(2000);
  EXPECT_EQ(next->phase(), Phase::receiving);
}

}  // namespace
}  // namespace belfry::net
