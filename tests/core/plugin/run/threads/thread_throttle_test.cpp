#include "plugin/run/threads/thread_throttle.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

namespace belfry::plugin {
namespace {

using namespace std::chrono_literals;

std::chrono::nanoseconds own_processor_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// Uses the CPU within this file's code, apart from an occasional look at the clock.
void spin(std::chrono::nanoseconds duration) {
  const auto until = own_processor_time() + duration;
  std::atomic<int> turns = 0;
  while (own_processor_time() < until) {
    for (int i = 0; i < 100'000; ++i) ++turns;
  }
}

// The number of voluntary context switches of this thread while it uses 30 ms of CPU time. The kernel checks the CPU time of a thread at
// clock ticks, when another thread may be running on a busy machine. The measurement is therefore repeated until there were `wanted`
// switches, for 3 s at most.
long pauses_while_spinning(long wanted) {
  rusage before{};
  rusage after{};
  ::getrusage(RUSAGE_THREAD, &before);
  for (int turns = 0; turns < 100; ++turns) {
    spin(30ms);
    ::getrusage(RUSAGE_THREAD, &after);
    if (after.ru_nvcsw - before.ru_nvcsw >= wanted) break;
  }
  return after.ru_nvcsw - before.ru_nvcsw;
}

// The same for a thread that is throttled in `code`.
long pauses_of_a_spin(CodeRange code, long wanted) {
  net::ThreadId id = 0;
  std::latch began(1);
  std::latch throttled(1);
  long pauses = 0;
  std::thread thread([&] {
    id = net::this_thread_id();
    began.count_down();
    throttled.wait();
    pauses = pauses_while_spinning(wanted);
  });
  began.wait();
  {
    const Throttle throttle(id, code);
    throttled.count_down();
    thread.join();
  }
  return pauses;
}

// ThreadSanitizer delivers a signal only when the thread calls into a library, wherever it was interrupted.
#if defined(__SANITIZE_THREAD__)
constexpr bool kSignalsComeLate = true;
#else
constexpr bool kSignalsComeLate = false;
#endif

TEST(Throttle, PausesAThreadThatSpinsInTheCode) {
  if (kSignalsComeLate) GTEST_SKIP();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_GE(pauses_of_a_spin(code_around(reinterpret_cast<const void*>(&spin)), 2), 2);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 2 * 400ms);
}

TEST(Throttle, LeavesAloneWhatRunsElsewhere) {
  if (kSignalsComeLate) GTEST_SKIP();
  EXPECT_EQ(pauses_of_a_spin(code_around(::dlsym(RTLD_DEFAULT, "qsort")), 0), 0);
  EXPECT_EQ(pauses_of_a_spin({}, 0), 0);
}

TEST(Throttle, CanBeLiftedForAWhile) {
  if (kSignalsComeLate) GTEST_SKIP();
  long lifted = -1, back = -1;
  std::thread thread([&] {
    Throttle throttle(net::this_thread_id(), code_around(reinterpret_cast<const void*>(&spin)));
    throttle.slow_down(false);
    lifted = pauses_while_spinning(0);
    throttle.slow_down(true);
    back = pauses_while_spinning(1);
  });
  thread.join();
  EXPECT_EQ(lifted, 0);
  EXPECT_GE(back, 1);
}

TEST(Throttle, EndsWithItsObject) {
  {
    const Throttle throttle(net::this_thread_id(), code_around(reinterpret_cast<const void*>(&spin)));
  }
  rusage before{};
  rusage after{};
  ::getrusage(RUSAGE_THREAD, &before);
  spin(50ms);
  ::getrusage(RUSAGE_THREAD, &after);
  EXPECT_EQ(after.ru_nvcsw, before.ru_nvcsw);
}

TEST(CodeAround, IsThatOfOneLibrary) {
  const auto ours = code_around(reinterpret_cast<const void*>(&spin));
  const auto libc = code_around(::dlsym(RTLD_DEFAULT, "qsort"));
  EXPECT_LT(ours.begin, ours.end);
  EXPECT_LT(libc.begin, libc.end);
  EXPECT_TRUE(ours.end <= libc.begin || libc.end <= ours.begin);
  EXPECT_EQ(code_around(&ours).end, 0U) << "the stack is not code";
}

}  // namespace
}  // namespace belfry::plugin
