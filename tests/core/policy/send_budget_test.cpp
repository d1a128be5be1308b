#include "policy/send_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace belfry::policy {
namespace {

using namespace std::chrono_literals;
constexpr base::SteadyTime kBudgetStart{std::chrono::hours(1)};
const SendRates kRates{{.events = 10, .period = 1s, .burst = 4}, {.events = 1, .period = 1s, .burst = 1}};

TEST(SendBudget, AllAndEach) {
  SendBudget budget(kRates);
  EXPECT_EQ(budget.reserve(10, kBudgetStart), 4U);
  EXPECT_EQ(budget.wait(kBudgetStart), 100ms);
  EXPECT_EQ(budget.take("direct:a", kBudgetStart), 0ms);
  EXPECT_EQ(budget.take("direct:a", kBudgetStart), 1s);
  EXPECT_EQ(budget.take("direct:b", kBudgetStart), 0ms) << "one destination takes nothing from another";
  budget.release(2);
  EXPECT_EQ(budget.take(kBudgetStart), 0ms);
  EXPECT_EQ(budget.take(kBudgetStart), 0ms);
  EXPECT_EQ(budget.take(kBudgetStart), 100ms);
}

TEST(SendBudget, APauseOfOneDestinationIsItsOwn) {
  SendBudget budget(kRates);
  budget.pause("shared:C1", 30s, kBudgetStart);
  EXPECT_EQ(budget.take("shared:C1", kBudgetStart), 30s);
  EXPECT_EQ(budget.take("shared:C2", kBudgetStart), 0ms);
  EXPECT_EQ(budget.remaining_pause(kBudgetStart), 0ms);
  EXPECT_EQ(budget.reserve(1, kBudgetStart), 1U);
}

TEST(SendBudget, APauseOfAll) {
  SendBudget budget(kRates);
  budget.pause(30s, kBudgetStart);
  EXPECT_EQ(budget.remaining_pause(kBudgetStart + 10s), 20s);
  EXPECT_EQ(budget.reserve(1, kBudgetStart + 10s), 0U);
  EXPECT_EQ(budget.wait(kBudgetStart + 10s), 20s);
  EXPECT_EQ(budget.reserve(1, kBudgetStart + 30s), 1U);
}

TEST(SendBudget, OtherRates) {
  SendBudget budget(kRates);
  EXPECT_EQ(budget.reserve(4, kBudgetStart), 4U);
  EXPECT_EQ(budget.take("direct:a", kBudgetStart), 0ms);
  budget.reconfigure({{.events = 100, .period = 1s, .burst = 40}, {.events = 2, .period = 1s, .burst = 1}}, kBudgetStart);
  EXPECT_EQ(budget.wait(kBudgetStart), 10ms);
  EXPECT_EQ(budget.take("direct:a", kBudgetStart), 500ms);
}

TEST(SendBudget, ForgetsDestinationsThatAreIdleOnly) {
  SendBudget budget(kRates);
  budget.pause("direct:a", 1h, kBudgetStart);
  for (int i = 0; i < 30'000; ++i) EXPECT_EQ(budget.take(std::to_string(i), kBudgetStart + i * 1ms), 0ms);
  EXPECT_EQ(budget.take("direct:a", kBudgetStart + 30s), 1h - 30s);
}

TEST(SendBudget, WaitsRatherThanGrantingWhenItIsFull) {
  SendBudget budget(kRates);
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 200'000; ++i) budget.pause(std::to_string(i), 1h, kBudgetStart);
  EXPECT_GT(budget.take("direct:one-more", kBudgetStart + 10s), 0ms);
  EXPECT_EQ(budget.take("0", kBudgetStart + 10s), 1h - 10s) << "a paused destination is not dropped";
  EXPECT_EQ(budget.take("direct:one-more", kBudgetStart + 2h), 0ms) << "idle destinations were dropped";
  EXPECT_LT(std::chrono::steady_clock::now() - started, 60s) << "no sweep for each destination";
}

TEST(SendBudget, ManyThreadsGetNoMoreThanThereIs) {
  SendBudget budget({{.events = 1, .period = 1h, .burst = 1000}, {}});
  std::atomic<std::size_t> got = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) {
        const auto mine = budget.reserve(3, kBudgetStart);
        if (mine == 3) {
          budget.release(1);
          got += 2;
        } else {
          got += mine;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(got, 1000U);
}

}  // namespace
}  // namespace belfry::policy
