#include "policy/send_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace belfry::policy {
namespace {

using namespace std::chrono_literals;
constexpr base::SteadyTime kStart{std::chrono::hours(1)};
const SendRates kRates{{.events = 10, .period = 1s, .burst = 4}, {.events = 1, .period = 1s, .burst = 1}};

TEST(SendBudget, AllAndEach) {
  SendBudget budget(kRates);
  EXPECT_EQ(budget.reserve(10, kStart), 4U);
  EXPECT_EQ(budget.wait(kStart), 100ms);
  EXPECT_EQ(budget.take("direct:a", kStart), 0ms);
  EXPECT_EQ(budget.take("direct:a", kStart), 1s);
  EXPECT_EQ(budget.take("direct:b", kStart), 0ms) << "one destination takes nothing from another";
  budget.release(2);
  EXPECT_EQ(budget.take(kStart), 0ms);
  EXPECT_EQ(budget.take(kStart), 0ms);
  EXPECT_EQ(budget.take(kStart), 100ms);
}

TEST(SendBudget, APauseOfOneDestinationIsItsOwn) {
  SendBudget budget(kRates);
  budget.pause("shared:C1", 30s, kStart);
  EXPECT_EQ(budget.take("shared:C1", kStart), 30s);
  EXPECT_EQ(budget.take("shared:C2", kStart), 0ms);
  EXPECT_EQ(budget.remaining_pause(kStart), 0ms);
  EXPECT_EQ(budget.reserve(1, kStart), 1U);
}

TEST(SendBudget, APauseOfAll) {
  SendBudget budget(kRates);
  budget.pause(30s, kStart);
  EXPECT_EQ(budget.remaining_pause(kStart + 10s), 20s);
  EXPECT_EQ(budget.reserve(1, kStart + 10s), 0U);
  EXPECT_EQ(budget.wait(kStart + 10s), 20s);
  EXPECT_EQ(budget.reserve(1, kStart + 30s), 1U);
}

TEST(SendBudget, OtherRates) {
  SendBudget budget(kRates);
  EXPECT_EQ(budget.reserve(4, kStart), 4U);
  EXPECT_EQ(budget.take("direct:a", kStart), 0ms);
  budget.reconfigure({{.events = 100, .period = 1s, .burst = 40}, {.events = 2, .period = 1s, .burst = 1}}, kStart);
  EXPECT_EQ(budget.wait(kStart), 10ms);
  EXPECT_EQ(budget.take("direct:a", kStart), 500ms);
}

TEST(SendBudget, ForgetsDestinationsThatAreIdleOnly) {
  SendBudget budget(kRates);
  budget.pause("direct:a", 1h, kStart);
  for (int i = 0; i < 30'000; ++i) EXPECT_EQ(budget.take(std::to_string(i), kStart + i * 1ms), 0ms);
  EXPECT_EQ(budget.take("direct:a", kStart + 30s), 1h - 30s);
}

TEST(SendBudget, WaitsRatherThanGrantingWhenItIsFull) {
  SendBudget budget(kRates);
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 200'000; ++i) budget.pause(std::to_string(i), 1h, kStart);
  EXPECT_GT(budget.take("direct:one-more", kStart + 10s), 0ms);
  EXPECT_EQ(budget.take("0", kStart + 10s), 1h - 10s) << "a paused destination is not dropped";
  EXPECT_EQ(budget.take("direct:one-more", kStart + 2h), 0ms) << "idle destinations were dropped";
  EXPECT_LT(std::chrono::steady_clock::now() - started, 60s) << "no sweep for each destination";
}

TEST(SendBudget, ManyThreadsGetNoMoreThanThereIs) {
  SendBudget budget({{.events = 1, .period = 1h, .burst = 1000}, {}});
  std::atomic<std::size_t> got = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) {
        const auto mine = budget.reserve(3, kStart);
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
