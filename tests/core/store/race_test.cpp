// Many threads at once, and close() while they run.
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

constexpr int kThreads = 8;

void in_threads(const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(work, t);
  for (auto& thread : threads) thread.join();
}

TEST_P(StoreTest, OneOfManyEqualAcceptsWins) {
  std::atomic<int> fresh = 0;
  in_threads([&](int t) {
    Calls calls(*store_);
    for (int i = 0; i < 50; ++i) {
      auto input = simple("n" + std::to_string(t) + "-" + std::to_string(i));
      input.notification.msg_id = "m" + std::to_string(i);
      fresh += calls.accept(input)->duplicate ? 0 : 1;
    }
  });
  EXPECT_EQ(fresh, 50);
  EXPECT_EQ(calls_.deliveries()->size(), 50);
}

TEST_P(StoreTest, OneOfManyDedupesWins) {
  std::atomic<int> sent = 0;
  in_threads([&](int t) {
    auto one = planned("d" + std::to_string(t), "C1");
    one.dedupe = DedupeKey{"event", 5min};
    sent += Calls(*store_).accept(acceptance("n" + std::to_string(t), {one}))->sinks.empty() ? 0 : 1;
  });
  EXPECT_EQ(sent, 1);
}

TEST_P(StoreTest, RacingDigestsLoseNobody) {
  std::atomic<bool> stop = false;
  std::multiset<std::string> seen;
  std::thread taker([&] {
    Calls calls(*store_);
    for (bool last = false; !last;) {
      last = stop;
      while (true) {
        const auto lease = calls.lease(kStart);
        if (lease->leased.empty()) break;
        for (const auto& item : lease->leased[0].items) seen.insert(item.id);
        ASSERT_TRUE(calls.finish(finish_of(lease->leased[0], 0, delivered(), Done{}, kStart))->applied);
      }
    }
  });
  in_threads([&](int t) {
    Calls calls(*store_);
    for (int i = 0; i < 50; ++i) {
      const auto id = "n" + std::to_string(t) + "-" + std::to_string(i);
      auto one = planned("d-" + id);
      one.digest = DigestKey{"k", kStart};
      ASSERT_TRUE(calls.accept(acceptance(id, {one})));
    }
  });
  stop = true;
  taker.join();
  EXPECT_EQ(seen.size(), kThreads * 50);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), kThreads * 50) << "each exactly once";
}

TEST_P(StoreTest, ThrottleIsExactUnderRaces) {
  in_threads([&](int t) {
    Calls calls(*store_);
    for (int i = 0; i < 10; ++i) {
      const auto id = "n" + std::to_string(t) + "-" + std::to_string(i);
      auto one = planned("d-" + id);
      one.throttle = ThrottleKey{.key = "t", .limit = 7, .window = 1h, .overflow = {"over", kStart + 1h}};
      ASSERT_TRUE(calls.accept(acceptance(id, {one})));
    }
  });
  const auto found = calls_.deliveries();
  EXPECT_EQ(found->size(), 8) << "seven and the digest of the rest";
}

TEST_P(StoreTest, NoQueueIsInFlightTwice) {
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(calls_.accept(simple("n" + std::to_string(i), "a" + std::to_string(i % 5))));
  std::mutex mutex;
  std::set<std::string> in_flight;
  std::map<std::string, std::vector<std::uint64_t>> order;
  std::atomic<int> done = 0;
  in_threads([&](int) {
    Calls calls(*store_);
    while (done < 200) {
      const auto lease = calls.lease(kStart, 3);
      for (const auto& leased : lease->leased) {
        const auto key = leased.delivery.destination.key();
        {
          const std::lock_guard lock(mutex);
          EXPECT_TRUE(in_flight.insert(key).second) << key;
          order[key].push_back(leased.delivery.sequence);
        }
        const auto attempt = calls.begin(leased.claim, kStart);
        {
          const std::lock_guard lock(mutex);
          in_flight.erase(key);
        }
        EXPECT_TRUE(calls.finish(finish_of(leased, *attempt, delivered(), Done{}, kStart))->applied);
        ++done;
      }
    }
  });
  EXPECT_EQ(order.size(), 5);
  for (const auto& [key, sequences] : order) EXPECT_TRUE(std::ranges::is_sorted(sequences)) << key;
}

TEST_P(StoreTest, HandlersOfOneCallerRunInCallOrder) {
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) {
    store_->accept(simple("n" + std::to_string(i)), [&order, i](base::Result<Accepted> accepted) {
      EXPECT_TRUE(accepted);
      order.push_back(i);
    });
  }
  store_->close();
  ASSERT_EQ(order.size(), 1000);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_P(StoreTest, HandlerMayCallTheStore) {
  std::promise<base::Result<Lease>> promise;
  store_->accept(simple("n1"), [&](base::Result<Accepted>) {
    store_->lease({.sink = "slack", .limit = 1, .now = kStart, .lease_time = 1s},
                  [&](base::Result<Lease> lease) { promise.set_value(std::move(lease)); });
  });
  EXPECT_EQ(promise.get_future().get()->leased.size(), 1);
}

TEST_P(StoreTest, ClosedStoreRefuses) {
  store_->close();
  store_->close();
  EXPECT_EQ(calls_.accept(simple("n1")).error(), (base::Error{base::ErrorCode::unavailable, "the store is closed"}));
  EXPECT_EQ(calls_.probe().error().code, base::ErrorCode::unavailable);
}

TEST_P(StoreTest, CloseWhileBusyAnswersEveryoneOnce) {
  std::atomic<int> asked = 0;
  std::atomic<int> kept = 0;
  std::atomic<int> refused = 0;
  std::atomic<bool> warm = false;
  std::thread closer([&] {
    while (!warm) std::this_thread::yield();
    store_->close();
  });
  in_threads([&](int t) {
    for (int i = 0; refused < kThreads && i < 100'000; ++i) {
      ++asked;
      store_->accept(simple("n" + std::to_string(t) + "-" + std::to_string(i)),
                     [&](base::Result<Accepted> accepted) { ++(accepted ? kept : refused); });
      if (i == 10) warm = true;
    }
  });
  closer.join();
  store_->close();
  EXPECT_EQ(kept + refused, asked);
  EXPECT_GT(kept, 0);
}

}  // namespace
}  // namespace belfry::store
