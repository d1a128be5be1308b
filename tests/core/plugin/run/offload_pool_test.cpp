#include "plugin/run/offload_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace belfry::plugin {
namespace {

using namespace std::chrono_literals;

// Runs jobs that block until the test releases them.
class OffloadPoolTest : public ::testing::Test {
 protected:
  ~OffloadPoolTest() override {
    let_go("");
    runtime_.stop();
    EXPECT_TRUE(runtime_.join(20s));
  }
  void run(const int& owner, const std::string& name, std::size_t limit = 0, const std::string& delivery = {}) {
    pool_->run(&owner, limit,
               {[this, name](OffloadPool::DeliverySlot claim) { work(name, std::move(claim)); }, delivery.empty() ? name : delivery});
  }
  void work(const std::string& name, OffloadPool::DeliverySlot claim) {
    std::unique_lock lock(mutex_);
    if (keeps_claims_) claims_.push_back(std::move(claim));
    begun_.push_back(name);
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_ || free_.contains(name); });
    ended_.insert(name);
    changed_.notify_all();
  }
  void let_go(const std::string& name) {
    const std::lock_guard lock(mutex_);
    name.empty() ? static_cast<void>(open_ = true) : static_cast<void>(free_.insert(name));
    changed_.notify_all();
  }
  [[nodiscard]] bool begins(const std::string& name) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return std::ranges::find(begun_, name) != begun_.end(); });
  }
  [[nodiscard]] std::vector<std::string> begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }

  base::Logger log_{base::LogLevel::error, std::make_shared<base::Scrubber>()};
  net::Runtime runtime_{"offload", 2, log_};
  std::shared_ptr<OffloadPool> pool_ = std::make_shared<OffloadPool>(runtime_);
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> begun_;
  std::set<std::string> free_, ended_;
  bool open_ = false;
  bool keeps_claims_ = false;
  std::vector<OffloadPool::DeliverySlot> claims_;
  int a_ = 0, b_ = 0, c_ = 0;
};

TEST_F(OffloadPoolTest, OneInstanceUsesThePoolsThreadsAndItsLimit) {
  for (const auto* name : {"1", "2", "3"}) run(a_, name);
  ASSERT_TRUE(begins("1"));
  ASSERT_TRUE(begins("2"));
  let_go("1");
  ASSERT_TRUE(begins("3"));
  EXPECT_EQ(runtime_.threads(), 2U);
}

TEST_F(OffloadPoolTest, AnInstanceWithALimitOfOneWorksInOrder) {
  for (const auto* name : {"1", "2", "3"}) run(a_, name, 1);
  ASSERT_TRUE(begins("1"));
  let_go("1");
  ASSERT_TRUE(begins("2"));
  EXPECT_EQ(begun(), (std::vector<std::string>{"1", "2"}));
  let_go("2");
  ASSERT_TRUE(begins("3"));
}

TEST_F(OffloadPoolTest, NobodyWaitsForTheWorkOfAnother) {
  for (int i = 0; i < 10; ++i) run(a_, "a" + std::to_string(i));
  ASSERT_TRUE(begins("a0"));
  ASSERT_TRUE(begins("a1"));
  run(b_, "b");
  run(c_, "c");
  ASSERT_TRUE(begins("b")) << "although both threads are busy";
  ASSERT_TRUE(begins("c"));
  EXPECT_EQ(runtime_.threads(), 4U);
  let_go("b");
  let_go("c");
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (runtime_.threads() != 2 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(runtime_.threads(), 2U);
  EXPECT_EQ(begun().size(), 4U);
}

TEST_F(OffloadPoolTest, OneDeliveryNeverRunsTwiceAtATime) {
  run(a_, "first try", 2, "delivery");
  run(a_, "second try", 2, "delivery");
  run(a_, "other", 2);
  ASSERT_TRUE(begins("first try"));
  ASSERT_TRUE(begins("other"));
  let_go("other");
  run(a_, "another", 2);
  ASSERT_TRUE(begins("another"));
  EXPECT_EQ(std::ranges::count(begun(), std::string("second try")), 0);
  let_go("first try");
  ASSERT_TRUE(begins("second try"));
}

TEST_F(OffloadPoolTest, ADeliveryBeginsAgainWhenItsClaimIsReleasedAndNotWhenItsWorkEnds) {
  keeps_claims_ = true;
  run(a_, "first try", 2, "delivery");
  run(a_, "second try", 2, "delivery");
  ASSERT_TRUE(begins("first try"));
  let_go("first try");
  run(a_, "other", 2);
  ASSERT_TRUE(begins("other")) << "the claim holds no thread";
  run(a_, "third", 2);
  run(b_, "of another");
  ASSERT_TRUE(begins("of another"));
  EXPECT_EQ(begun(), (std::vector<std::string>{"first try", "other", "of another"})) << "two deliveries are claimed, which is the limit";
  let_go("of another");  // its thread can take the next job
  {
    const std::lock_guard lock(mutex_);
    claims_.front().release();
  }
  ASSERT_TRUE(begins("second try"));
}

TEST_F(OffloadPoolTest, OnceItIsClosedNothingBeginsAnyMore) {
  keeps_claims_ = true;
  const auto owned = std::make_shared<int>();
  run(a_, "first try", 2, "delivery");
  pool_->run(&a_, 2, {[owned](const OffloadPool::DeliverySlot&) {}, "delivery"});
  ASSERT_TRUE(begins("first try"));
  pool_->close();
  EXPECT_EQ(owned.use_count(), 1) << "jobs that have not begun are dropped";
  let_go("first try");
  pool_->run(&b_, 0, {[owned](const OffloadPool::DeliverySlot&) {}, {}});
  EXPECT_EQ(owned.use_count(), 1) << "and so are later ones";
  runtime_.stop();
  ASSERT_TRUE(runtime_.join(20s));
  const std::lock_guard lock(mutex_);
  claims_.clear();  // must not post to a runtime that has ended
}

}  // namespace
}  // namespace belfry::plugin
