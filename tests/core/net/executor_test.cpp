#include "net/executor.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>
#include <latch>
#include <semaphore>
#include <set>

namespace belfry::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kTaskTimeout = 20s;

base::Logger quiet() { return {base::LogLevel::error, std::make_shared<base::Scrubber>()}; }

// Runs `body` on the strand and waits for it.
void on(const Strand& strand, Task body) {
  std::promise<void> done;
  strand.post([&] {
    body();
    done.set_value();
  });
  ASSERT_EQ(done.get_future().wait_for(kTaskTimeout), std::future_status::ready);
}

TEST(Runtime, RunsTasksOnEveryThread) {
  Runtime runtime("pool", 3, quiet());
  EXPECT_EQ(runtime.threads(), 3U);
  std::latch all_inside(4);
  for (int i = 0; i < 3; ++i) runtime.post([&] { all_inside.arrive_and_wait(); });
  all_inside.arrive_and_wait();  // returns only if three tasks run at once
}

TEST(Runtime, AddedThreadStandsInForAHeldOne) {
  Runtime runtime("pool", 1, quiet());
  std::binary_semaphore release(0);
  std::promise<void> ran;
  runtime.post([&] { release.acquire(); });
  runtime.post([&] { ran.set_value(); });
  auto result = ran.get_future();
  EXPECT_EQ(result.wait_for(20ms), std::future_status::timeout);
  runtime.add_thread();
  EXPECT_EQ(runtime.threads(), 2U);
  EXPECT_EQ(result.wait_for(kTaskTimeout), std::future_status::ready);
  release.release();
}

TEST(Runtime, NamesItsThreads) {
  Runtime runtime("a name that is longer than fifteen", 1, quiet());
  std::promise<std::string> name;
  runtime.post([&] {
    char text[16] = {};
    ::pthread_getname_np(::pthread_self(), text, sizeof text);
    name.set_value(text);
  });
  EXPECT_EQ(name.get_future().get(), "a name that is ");
}

TEST(Runtime, AThreadMayEndWithItsTask) {
  Runtime runtime("pool", 2, quiet());
  std::promise<ThreadId> ended;
  runtime.post([&] {
    ended.set_value(this_thread_id());
    Runtime::end_this_thread();
  });
  const auto gone = ended.get_future().get();
  while (runtime.threads() != 1) std::this_thread::yield();
  std::set<ThreadId> seen;
  for (int i = 0; i < 50; ++i) {
    std::promise<ThreadId> ran;
    runtime.post([&] { ran.set_value(this_thread_id()); });
    seen.insert(ran.get_future().get());
  }
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_FALSE(seen.contains(gone));
  runtime.add_thread();
  EXPECT_EQ(runtime.threads(), 2U);
}

TEST(Strand, GoesOnWhenTheThreadThatRanItEnds) {
  Runtime runtime("pool", 2, quiet());
  const Strand strand(runtime);
  std::promise<void> after;
  strand.post([] { Runtime::end_this_thread(); });
  strand.post([&] { after.set_value(); });
  EXPECT_EQ(after.get_future().wait_for(kTaskTimeout), std::future_status::ready);
}

TEST(Runtime, AThreadThatWasGivenUpComesLast) {
  Runtime runtime("pool", 1, quiet());
  std::promise<int> nice;
  runtime.post([&] {
    lower_priority(this_thread_id());
    nice.set_value(::getpriority(PRIO_PROCESS, 0));
  });
  EXPECT_EQ(nice.get_future().get(), 19);
  EXPECT_LT(::getpriority(PRIO_PROCESS, 0), 19) << "the others stay as they were";
}

TEST(Runtime, LogsATaskThatThrowsAndGoesOn) {
  std::promise<std::string> line;
  const base::Logger log(base::LogLevel::error, std::make_shared<base::Scrubber>(),
                         [&](base::LogLevel, const std::string& text) { line.set_value(text); });
  Runtime runtime("pool", 1, log);
  const Strand strand(runtime);
  strand.post([] { throw std::runtime_error("no such luck"); });
  EXPECT_NE(line.get_future().get().find("no such luck"), std::string::npos);
  bool ran = false;
  on(strand, [&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(Runtime, StopDropsWhatHasNotRun) {
  auto alive = std::make_shared<int>();
  std::atomic<bool> ran = false;
  {
    Runtime runtime("pool", 1, quiet());
    std::promise<void> inside;
    std::binary_semaphore release(0);
    runtime.post([&] {
      inside.set_value();
      release.acquire();
    });
    inside.get_future().wait();
    runtime.post([&, alive] { ran = true; });
    runtime.stop();
    release.release();
    EXPECT_TRUE(runtime.join(kTaskTimeout));
    runtime.post([&, alive] { ran = true; });
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(Runtime, JoinLeavesABusyThreadBehind) {
  const auto release = std::make_shared<std::binary_semaphore>(0);
  const auto ended = std::make_shared<std::promise<void>>();
  {
    Runtime runtime("pool", 2, quiet());
    std::promise<void> inside;
    runtime.post([&inside, release, ended] {
      inside.set_value();
      release->acquire();
      ended->set_value();
    });
    inside.get_future().wait();
    runtime.stop();
    EXPECT_FALSE(runtime.join(10ms));
    EXPECT_TRUE(runtime.join(10ms));
  }
  release->release();
  EXPECT_EQ(ended->get_future().wait_for(kTaskTimeout), std::future_status::ready);
}

TEST(Strand, RunsOneAtATimeInOrder) {
  Runtime runtime("pool", 4, quiet());
  const Strand strand(runtime);
  const Strand same = strand;
  std::vector<int> order;  // unguarded on purpose
  for (int i = 0; i < 2'000; ++i) (i % 2 ? strand : same).post([&order, i] { order.push_back(i); });
  on(strand, [] {});
  ASSERT_EQ(order.size(), 2'000U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(Strand, KnowsWhetherItIsRunningHere) {
  Runtime runtime("pool", 2, quiet());
  const Strand strand(runtime), other(runtime);
  EXPECT_FALSE(strand.running_in_this_thread());
  on(strand, [&] {
    EXPECT_TRUE(strand.running_in_this_thread());
    EXPECT_FALSE(other.running_in_this_thread());
  });
}

class TimerTest : public testing::Test {
 protected:
  // A timer is used and destroyed on its strand.
  void TearDown() override {
    on(strand, [this] { timer.reset(); });
  }

  Runtime runtime{"pool", 2, quiet()};
  Strand strand{runtime};
  std::optional<Timer> timer{strand};
};

TEST_F(TimerTest, FiresOnItsStrandNotBeforeItsTime) {
  std::promise<base::SteadyTime> fired;
  const auto armed = std::chrono::steady_clock::now();
  on(strand, [&] {
    timer->arm(30ms, [&] {
      EXPECT_TRUE(strand.running_in_this_thread());
      fired.set_value(std::chrono::steady_clock::now());
    });
  });
  EXPECT_GE(fired.get_future().get() - armed, 30ms);
}

TEST_F(TimerTest, ZeroAndNegativeFireAtOnce) {
  for (const auto after : {0ms, -5'000ms}) {
    std::promise<void> fired;
    on(strand, [&] { timer->arm(after, [&] { fired.set_value(); }); });
    EXPECT_EQ(fired.get_future().wait_for(kTaskTimeout), std::future_status::ready);
  }
}

TEST_F(TimerTest, AnUnreachableTimeDoesNotFire) {
  std::atomic<bool> fired = false;
  on(strand, [&] { timer->arm(base::Millis::max(), [&] { fired = true; }); });
  on(strand, [] {});
  EXPECT_FALSE(fired);
  on(strand, [&] { timer->cancel(); });
}

// The shot is due and already queued on the strand when the running task cancels it.
TEST_F(TimerTest, ADueShotCanStillBeTakenBack) {
  using How = std::function<void(Timer&, const Strand&)>;
  const std::vector<How> ways = {
      [](Timer& shot, const Strand&) { shot.cancel(); },
      [](Timer& shot, const Strand&) { shot.arm(1h, [] { FAIL() << "fired an hour early"; }); },
      [](Timer& shot, const Strand& here) { shot = Timer(here); },
      [](Timer& shot, const Strand&) { const Timer gone = std::move(shot); },
  };
  for (const auto& way : ways) {
    std::atomic<bool> fired = false;
    on(strand, [&] {
      timer.emplace(strand);
      timer->arm(0ms, [&] { fired = true; });
      std::promise<void> later;  // when this later timer has fired, the first one is queued
      const Strand other(runtime);
      std::optional<Timer> second(other);
      other.post([&] { second->arm(5ms, [&] { later.set_value(); }); });
      later.get_future().wait();
      on(other, [&] { second.reset(); });
      way(*timer, strand);
    });
    on(strand, [] {});
    EXPECT_FALSE(fired);
  }
}

TEST_F(TimerTest, CanBeArmedFromItsOwnHandler) {
  int shots = 0;
  std::promise<void> done;
  std::function<void()> again = [&] {
    if (++shots == 3) return done.set_value();
    timer->arm(1ms, again);
  };
  on(strand, [&] { timer->arm(1ms, again); });
  EXPECT_EQ(done.get_future().wait_for(kTaskTimeout), std::future_status::ready);
}

TEST(Timer, AnArmedOneMayOutliveTheStop) {
  auto alive = std::make_shared<int>();
  {
    Runtime runtime("pool", 1, quiet());
    const Strand strand(runtime);
    Timer timer(strand);
    on(strand, [&] { timer.arm(1h, [alive] {}); });
    runtime.stop();
    EXPECT_TRUE(runtime.join(kTaskTimeout));
  }
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace belfry::net
