#include <atomic>
#include <thread>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

TEST_P(StoreTest, KvKeepsBytes) {
  const std::string key("k\0\xFF", 3);
  const std::string value("\0v\xFE", 3);
  EXPECT_EQ(calls_.kv_get("s", key).value(), std::nullopt);
  const auto version = calls_.kv_put("s", key, value);
  EXPECT_GT(version.value(), 0);
  EXPECT_EQ(calls_.kv_get("s", key).value()->value, value);
  EXPECT_EQ(calls_.kv_get("s", key).value()->version, version);
  EXPECT_EQ(calls_.kv_get("other", key).value(), std::nullopt);
  EXPECT_EQ(calls_.kv_get("s", "k").value(), std::nullopt) << "a zero byte does not end the key";
  EXPECT_TRUE(calls_.kv_put("s", "empty", ""));
  EXPECT_EQ(calls_.kv_get("s", "empty").value()->value, "");
}

TEST_P(StoreTest, KvComparesAndSets) {
  EXPECT_EQ(calls_.kv_put("s", "k", "a", 7), 0) << "the key does not exist";
  const auto first = calls_.kv_put("s", "k", "a", 0);
  EXPECT_GT(first.value(), 0);
  EXPECT_EQ(calls_.kv_put("s", "k", "b", 0), 0) << "the key exists already";
  const auto second = calls_.kv_put("s", "k", "b", first.value());
  EXPECT_GT(second.value(), first.value());
  EXPECT_EQ(calls_.kv_put("s", "k", "c", first.value()), 0);
  EXPECT_EQ(calls_.kv_get("s", "k").value()->value, "b");
  EXPECT_EQ(calls_.kv_erase("s", "k"), true);
  EXPECT_EQ(calls_.kv_erase("s", "k"), false);
  EXPECT_GT(calls_.kv_put("s", "k", "d").value(), second.value()) << "a version is never reused";
}

TEST_P(StoreTest, KvHasLimits) {
  EXPECT_TRUE(calls_.kv_put("s", std::string(255, 'k'), std::string(65536, 'v')));
  EXPECT_EQ(calls_.kv_put("s", std::string(256, 'k'), "v").error().code, base::ErrorCode::invalid);
  EXPECT_EQ(calls_.kv_put("s", "", "v").error().code, base::ErrorCode::invalid);
  EXPECT_EQ(calls_.kv_put("s", "k", std::string(65537, 'v')).error().code, base::ErrorCode::invalid);
  EXPECT_EQ(calls_.kv_get("s", "").error().code, base::ErrorCode::invalid);
  EXPECT_EQ(calls_.kv_erase("s", std::string(256, 'k')).error().code, base::ErrorCode::invalid);
  EXPECT_EQ(calls_.kv_get("s", std::string(255, 'k')).value()->value.size(), 65536);
}

TEST_P(StoreTest, KvScopeHasATopNumberOfKeys) {
  std::atomic<int> written = 0;
  for (int i = 0; i < 99'999; ++i) {
    store_->kv_put("s", "k" + std::to_string(i), "v", {}, [&](base::Result<std::uint64_t> version) { written += version ? 1 : 0; });
  }
  ASSERT_TRUE(calls_.kv_put("s", "last", "v"));
  ASSERT_EQ(written, 99'999);
  EXPECT_EQ(calls_.kv_put("s", "one more", "v").error().code, base::ErrorCode::invalid);
  EXPECT_TRUE(calls_.kv_put("s", "last", "w")) << "an existing key may change";
  EXPECT_TRUE(calls_.kv_put("t", "k", "v")) << "another scope is not full";
  EXPECT_EQ(calls_.kv_erase("s", "k1"), true);
  EXPECT_TRUE(calls_.kv_put("s", "one more", "v"));
}

TEST_P(StoreTest, KvCompareAndSetLosesNoIncrement) {
  constexpr int kThreads = 8;
  constexpr int kTimes = 25;
  ASSERT_TRUE(calls_.kv_put("s", "n", "0"));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this] {
      Calls calls(*store_);
      for (int done = 0; done < kTimes;) {
        const auto current = **calls.kv_get("s", "n");
        if (*calls.kv_put("s", "n", std::to_string(std::stoi(current.value) + 1), current.version) != 0) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(calls_.kv_get("s", "n").value()->value, std::to_string(kThreads * kTimes));
}

}  // namespace
}  // namespace belfry::store
