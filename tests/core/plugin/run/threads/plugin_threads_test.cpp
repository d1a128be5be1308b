#include "plugin/run/threads/plugin_threads.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include "plugin/run/call_strand.hpp"

namespace belfry::plugin {
namespace {

using namespace std::chrono_literals;

class PluginThreadsTest : public ::testing::Test {
 protected:
  PluginThreadsTest() {
    call_.on_slow = [this] { slow_ = true; };
    call_.on_overdue = [this] {
      threads_->demote(call_, {});
      overdue_ = true;
    };
  }
  ~PluginThreadsTest() override {
    threads_->stop();
    runtime_.stop();
    EXPECT_TRUE(runtime_.join(20s));
  }
  void wait_for(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!condition() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_TRUE(condition());
  }
  // Makes a call that lasts until `end_` is counted down.
  void hold(base::Millis limit) {
    threads_->run([this, limit] {
      threads_->begin_call(call_, "deliver", limit);
      end_.wait();
      nice_ = ::getpriority(PRIO_PROCESS, 0);
      threads_->end_call(call_);
      ended_ = true;
    });
  }

  base::SystemClock clock_;
  base::Logger log_{base::LogLevel::error, std::make_shared<base::Scrubber>()};
  net::Runtime runtime_{"plugin", 1, log_};
  Limits limits_;
  std::shared_ptr<PluginThreads> threads_ = std::make_shared<PluginThreads>(runtime_, clock_, log_, limits_);
  CallWatch::Call call_;
  std::latch end_{1};
  std::atomic<bool> slow_ = false, overdue_ = false, ended_ = false;
  std::atomic<int> nice_ = 0;
};

TEST_F(PluginThreadsTest, AThreadThatIsHeldIsReplacedLongBeforeItsCallCountsAsHung) {
  hold(1h);
  std::promise<void> other;
  threads_->run([&] { other.set_value(); });
  ASSERT_EQ(other.get_future().wait_for(20s), std::future_status::ready);
  EXPECT_FALSE(overdue_);
  wait_for([&] { return slow_.load(); });
  end_.count_down();
  wait_for([&] { return ended_ && runtime_.threads() == 1; });
  EXPECT_LT(nice_, 19) << "it was slow, not hung";
}

TEST_F(PluginThreadsTest, AThreadThatIsGivenUpComesLastAndEndsWithItsCall) {
  hold(50ms);
  wait_for([&] { return overdue_.load(); });
  EXPECT_EQ(runtime_.threads(), 2U);
  std::promise<int> other;
  threads_->run([&] { other.set_value(::getpriority(PRIO_PROCESS, 0)); });
  EXPECT_LT(other.get_future().get(), 19) << "the replacement has normal priority";
  end_.count_down();
  wait_for([&] { return ended_ && runtime_.threads() == 1; });
  EXPECT_EQ(nice_, 19);
}

// The number of voluntary context switches of this thread while it uses 30 ms of CPU time.
long pauses_of_a_spin() {
  const auto used = [] {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  rusage before{};
  rusage after{};
  ::getrusage(RUSAGE_THREAD, &before);
  const auto until = used() + 30ms;
  std::atomic<int> turns = 0;
  while (used() < until) {
    for (int i = 0; i < 100'000; ++i) ++turns;
  }
  ::getrusage(RUSAGE_THREAD, &after);
  return after.ru_nvcsw - before.ru_nvcsw;
}

// The thread may hold a lock of the plugin that the other call waits for.
TEST_F(PluginThreadsTest, AThreadThatIsGivenUpIsNotSlowedDownWhileAnotherCallOfItsLibraryLasts) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "signals come late";
#endif
  const void* library = reinterpret_cast<const void*>(&pauses_of_a_spin);
  const auto code = code_around(library);
  call_.library = library;
  call_.on_overdue = [&] {
    threads_->demote(call_, code);
    overdue_ = true;
  };
  CallWatch::Call other;
  other.on_slow = other.on_overdue = [] {};
  other.library = library;
  std::atomic<bool> spared = false, slowed = false;
  threads_->run([&] {
    threads_->begin_call(call_, "deliver", 10ms);
    const auto spin_until = [&](auto condition) {
      const auto until = std::chrono::steady_clock::now() + 20s;
      while (std::chrono::steady_clock::now() < until) {
        if (condition(pauses_of_a_spin())) return true;
      }
      return false;
    };
    static_cast<void>(spin_until([&](long) { return overdue_.load(); }));
    std::latch begun(1), end(1);
    std::thread second([&] {
      threads_->begin_call(other, "deliver", 1h);
      begun.count_down();
      end.wait();
      threads_->end_call(other);
    });
    begun.wait();
    spared = spin_until([](long pauses) { return pauses == 0; });
    end.count_down();
    second.join();
    slowed = spin_until([](long pauses) { return pauses > 0; });
    threads_->end_call(call_);
    ended_ = true;
  });
  wait_for([&] { return ended_.load(); });
  EXPECT_TRUE(spared);
  EXPECT_TRUE(slowed);
}

TEST_F(PluginThreadsTest, AConfinedStrandNeverHoldsASharedThread) {
  std::latch end(1);
  std::vector<CallStrand> strands;
  std::atomic<int> held = 0;
  for (int i = 0; i < 5; ++i) {
    strands.emplace_back(threads_);
    strands.back().confine();
    strands.back().post([&] {
      ++held;
      end.wait();
    });
  }
  wait_for([&] { return held == 5; });
  EXPECT_EQ(runtime_.threads(), 6U) << "one per strand, and the shared one";
  std::promise<void> other;
  CallStrand(threads_).post([&] { other.set_value(); });
  EXPECT_EQ(other.get_future().wait_for(20s), std::future_status::ready);
  end.count_down();
  strands.clear();
  wait_for([&] { return runtime_.threads() == 1; });
}

TEST_F(PluginThreadsTest, ConfinedOnesAreBounded) {
  constexpr int kMany = 80;
  std::latch end(1);
  std::vector<CallStrand> strands;
  std::atomic<int> begun = 0, ended = 0;
  for (int i = 0; i < kMany; ++i) {
    strands.emplace_back(threads_);
    strands.back().confine();
    strands.back().post([&] {
      ++begun;
      end.wait();
      ++ended;
    });
  }
  wait_for([&] { return begun == 64; });
  EXPECT_EQ(runtime_.threads(), 65U);
  end.count_down();
  wait_for([&] { return ended == kMany; });
}

TEST_F(PluginThreadsTest, TasksOfAStrandKeepTheirOrderWhenItIsConfined) {
  const CallStrand strand(threads_);
  std::vector<int> order;
  std::promise<void> done;
  for (int i = 0; i < 1'000; ++i) {
    strand.post([&order, i] { order.push_back(i); });
    if (i % 100 == 50) strand.confine();
    if (i % 100 == 80) strand.unconfine();
  }
  strand.post([&] { done.set_value(); });
  ASSERT_EQ(done.get_future().wait_for(20s), std::future_status::ready);
  ASSERT_EQ(order.size(), 1'000U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(PluginThreadsTest, AStrandWithMuchToDoLetsOthersThrough) {
  const CallStrand busy(threads_), other(threads_);
  std::atomic<int> done = 0;
  std::promise<int> before;
  std::latch begin(1);
  threads_->run([&] { begin.wait(); });
  for (int i = 0; i < 10'000; ++i) busy.post([&] { ++done; });
  other.post([&] { before.set_value(done); });
  begin.count_down();
  EXPECT_LT(before.get_future().get(), 100);
  wait_for([&] { return done == 10'000; });
}

TEST_F(PluginThreadsTest, ATaskThatThrowsDoesNotStopItsStrand) {
  const CallStrand strand(threads_);
  std::promise<void> done;
  strand.post([] { throw std::runtime_error("a bug"); });
  strand.post([&] { done.set_value(); });
  EXPECT_EQ(done.get_future().wait_for(20s), std::future_status::ready);
}

TEST_F(PluginThreadsTest, WhatHasNotRunGoesWithThePool) {
  std::latch end(1);
  const auto owned = std::make_shared<int>(1);
  {
    const CallStrand strand(threads_);
    threads_->run([&] { end.wait(); });
    strand.post([owned] {});
    strand.post([owned] {});
  }
  runtime_.stop();
  end.count_down();
  EXPECT_TRUE(runtime_.join(20s));
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(CallWatch, WhatFailsForOneCallLeavesNoOtherUnwatched) {
  const base::SystemClock clock;
  std::atomic<int> lines = 0;
  const base::Logger log(base::LogLevel::error, std::make_shared<base::Scrubber>(), [&](base::LogLevel, const std::string&) { ++lines; });
  std::atomic<int> looks = 0;
  CallWatch watch(clock, log, 1ms, [&](const auto&, base::SteadyTime) {
    ++looks;
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  });
  std::array<CallWatch::Call, 3> calls;
  std::array<std::atomic<bool>, 3> overdue{};
  for (std::size_t i = 0; i < calls.size(); ++i) {
    calls[i].on_slow = [] { throw 42; };  // NOLINT(hicpp-exception-baseclass)
    if (i == 1) calls[i].on_slow = [] {};
    calls[i].on_overdue = [&overdue, i] { overdue[i] = true; };
    watch.begin(calls[i], "deliver", 1ms);
  }
  const auto until = std::chrono::steady_clock::now() + 20s;
  while ((!overdue[1] || looks < 5) && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_TRUE(overdue[1]);
  EXPECT_GE(looks, 5);
  EXPECT_EQ(lines, 1) << "at most one line a minute";
  for (auto& call : calls) static_cast<void>(watch.end(call));
}

TEST(CallWatch, AFailedReportIsMadeAgain) {
  const base::SystemClock clock;
  const base::Logger log(base::LogLevel::error, std::make_shared<base::Scrubber>());
  std::atomic<int> tries = 0;
  CallWatch watch(clock, log, 1ms, [](const auto&, base::SteadyTime) {});
  CallWatch::Call call;
  call.on_slow = [&] {
    if (++tries < 3) throw std::bad_alloc();
  };
  std::atomic<bool> overdue = false;
  call.on_overdue = [&] { overdue = true; };
  watch.begin(call, "deliver", 1ms);
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!overdue && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(tries, 3);
  EXPECT_TRUE(overdue);
  EXPECT_TRUE(watch.end(call).was_overdue);
}

}  // namespace
}  // namespace belfry::plugin
