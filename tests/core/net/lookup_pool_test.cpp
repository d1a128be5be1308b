#include "net/lookup_pool.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace belfry::net {
namespace {

using namespace std::chrono_literals;
constexpr auto kSoon = 20s;

// Lookups of names that begin with "hang" do not return before the test ends; those of names that begin with "throw" throw.
class LookupPoolTest : public testing::Test {
 protected:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
    std::multiset<std::string> begun;
    std::multiset<std::string> answered;
  };

  ~LookupPoolTest() override {
    requests.clear();
    const std::lock_guard lock(shared->mutex);
    shared->over = true;
    shared->changed.notify_all();
  }

  void start(LookupPool::Limits limits) {
    pool.emplace(limits, [shared = shared](const std::string& host) {
      std::unique_lock lock(shared->mutex);
      shared->begun.insert(host);
      shared->changed.notify_all();
      if (host.starts_with("hang")) shared->changed.wait(lock, [&] { return shared->over; });
      if (host == "throw") throw std::runtime_error("thrown by the test");
      if (host == "throw-42") throw 42;  // NOLINT(hicpp-exception-baseclass)
      return LookupResult{{}, "no such host"};
    });
  }

  void resolve(const std::string& host) {
    requests.push_back(pool->resolve(host, [shared = shared, host](const LookupResult&) {
      const std::lock_guard lock(shared->mutex);
      shared->answered.insert(host);
      shared->changed.notify_all();
    }));
  }

  bool wait(const std::multiset<std::string>& of, const std::string& host, std::size_t count = 1) {
    const auto deadline = std::chrono::steady_clock::now() + kSoon;
    while (std::chrono::steady_clock::now() < deadline) {
      pool->poll();
      std::unique_lock lock(shared->mutex);
      if (shared->changed.wait_for(lock, 10ms, [&] { return of.count(host) >= count; })) return true;
    }
    return false;
  }
  bool begun(const std::string& host, std::size_t count = 1) { return wait(shared->begun, host, count); }
  bool answered(const std::string& host, std::size_t count = 1) { return wait(shared->answered, host, count); }
  // Resolves the name repeatedly until `count` lookups have begun.
  bool begun_anew(const std::string& host, std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + kSoon;
    while (std::chrono::steady_clock::now() < deadline) {
      resolve(host);
      std::unique_lock lock(shared->mutex);
      if (shared->changed.wait_for(lock, 5ms, [&] { return shared->begun.count(host) >= count; })) return true;
    }
    return false;
  }
  std::size_t begun_now(const std::string& host) {
    const std::lock_guard lock(shared->mutex);
    return shared->begun.count(host);
  }

  const std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  std::optional<LookupPool> pool;
  std::vector<std::unique_ptr<LookupPool::Request>> requests;
};

TEST_F(LookupPoolTest, OneNameThatHangsHoldsNobodyUp) {
  start({});
  resolve("hang");
  ASSERT_TRUE(begun("hang"));
  resolve("fine");
  EXPECT_TRUE(answered("fine"));
}

TEST_F(LookupPoolTest, TheSameNameIsLookedUpOnce) {
  start({});
  for (int i = 0; i < 100; ++i) resolve("hang");
  ASSERT_TRUE(begun("hang"));
  resolve("fine");
  ASSERT_TRUE(answered("fine"));
  EXPECT_EQ(begun_now("hang"), 1U);
  EXPECT_EQ(pool->threads(), 1U);
}

TEST_F(LookupPoolTest, ThreadsThatHangAreReplaced) {
  start({.active = 2, .total = 5, .hang_threshold = 20ms});
  for (int i = 0; i < 4; ++i) resolve("hang" + std::to_string(i));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(begun("hang" + std::to_string(i))) << i;
  resolve("fine");
  EXPECT_TRUE(answered("fine"));
}

TEST_F(LookupPoolTest, NamesThatAreKnownToHangKeepToTheirPart) {
  // On a loaded machine, a good name may look as if it hung for a moment.
  start({.active = 8, .total = 8, .suspect = 2, .per_name = 2, .hang_threshold = 200ms, .max_join_age = 20ms, .suspect_for = 50ms});
  // A hanging lookup is joined only until max_join_age.
  ASSERT_TRUE(begun_anew("hang", 2));
  for (int i = 0; i < 20; ++i) {
    resolve("hang");
    resolve("fine");
    ASSERT_TRUE(answered("fine", static_cast<std::size_t>(i) + 1));
  }
  EXPECT_EQ(begun_now("hang"), 2U);
}

TEST_F(LookupPoolTest, WhoLeavesIsNotCalledAndTheQueueShrinks) {
  start({.active = 1, .total = 1});
  resolve("hang");
  ASSERT_TRUE(begun("hang"));
  resolve("fine");
  requests.clear();
  {
    const std::lock_guard lock(shared->mutex);
    shared->over = true;
    shared->changed.notify_all();
  }
  resolve("last");
  EXPECT_TRUE(answered("last"));
  EXPECT_EQ(begun_now("fine"), 0U);
  EXPECT_EQ(shared->answered.count("hang"), 0U);
}

TEST_F(LookupPoolTest, WhateverAResolverThrowsIsAnAnswer) {
  start({});
  for (const std::string host : {"throw", "throw-42", "fine"}) {
    resolve(host);
    EXPECT_TRUE(answered(host)) << host;
  }
  EXPECT_EQ(begun_now("fine"), 1U);
}

TEST_F(LookupPoolTest, AHandlerThatThrowsCostsNobodyElseTheAnswer) {
  start({.active = 1, .total = 1});
  // Both join the same lookup.
  requests.push_back(pool->resolve("host", [](const LookupResult&) { throw std::runtime_error("thrown by the test"); }));
  resolve("host");
  resolve("next");
  EXPECT_TRUE(answered("host"));
  EXPECT_TRUE(answered("next")) << "the only thread is free again";
  while (pool->threads() != 0) std::this_thread::yield();
}

TEST_F(LookupPoolTest, DoesNotWaitForWhatHangs) {
  start({});
  resolve("hang");
  ASSERT_TRUE(begun("hang"));
  requests.clear();
  pool.reset();
}

TEST(LookUp, FindsThisMachine) {
  const auto found = look_up("localhost");
  EXPECT_EQ(found.error, "");
  EXPECT_FALSE(found.addresses.empty());
  const auto missing = look_up("no-such-host.invalid");
  EXPECT_NE(missing.error, "");
  EXPECT_TRUE(missing.addresses.empty());
}

}  // namespace
}  // namespace belfry::net
