#include "plugin/limits.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>
#include <latch>

namespace belfry::plugin {
namespace {

TEST(Replacements, AHeldThreadIsReplacedAndEndsWhenItIsFree) {
  net::Runtime plugins("plugin", 1, base::Logger(base::LogLevel::error, std::make_shared<base::Scrubber>()));
  Replacements replacements(plugins);
  std::promise<net::ThreadId> began;
  std::latch go_on(1);
  std::promise<int> nice;
  plugins.post([&] {
    began.set_value(net::this_thread());
    go_on.wait();
    nice.set_value(::getpriority(PRIO_PROCESS, 0));
    replacements.thread_free();
  });
  replacements.thread_held(began.get_future().get(), {});
  EXPECT_EQ(plugins.threads(), 2U);
  std::promise<int> other;
  plugins.post([&] { other.set_value(::getpriority(PRIO_PROCESS, 0)); });
  EXPECT_LT(other.get_future().get(), 19) << "the one that stands in is as good as any";
  go_on.count_down();
  EXPECT_EQ(nice.get_future().get(), 19);
  while (plugins.threads() != 1) std::this_thread::yield();
}

TEST(Replacements, AtMostFourAtATime) {
  net::Runtime plugins("plugin", 1, base::Logger(base::LogLevel::error, std::make_shared<base::Scrubber>()));
  Replacements replacements(plugins);
  constexpr net::ThreadId kNoThread = 1 << 30;  // above the largest process id of Linux
  for (int i = 0; i < 10; ++i) replacements.thread_held(kNoThread + i, {});
  EXPECT_EQ(plugins.threads(), 5U);
  std::promise<void> ran;
  plugins.post([&] {
    replacements.thread_free();  // this one was never held
    ran.set_value();
  });
  ran.get_future().wait();
  EXPECT_EQ(plugins.threads(), 5U);
}

}  // namespace
}  // namespace belfry::plugin
