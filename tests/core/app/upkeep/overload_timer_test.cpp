#include "app/upkeep/overload_timer.hpp"

#include <gtest/gtest.h>

#include "app/observe/metrics.hpp"
#include "store/open.hpp"
#include "support/waiting.hpp"

namespace belfry::app {
namespace {

using namespace std::chrono_literals;

TEST(OverloadTimer, ACheckThatThrowsIsRepeated) {
  tests::Watched<std::vector<std::string>> lines;
  const base::Logger log(base::LogLevel::debug, std::make_shared<base::Scrubber>(),
                         [&](base::LogLevel, const std::string& line) { lines.update([&](auto& all) { all.push_back(line); }); });
  const base::SystemClock clock;
  Metrics metrics("1.2.3");
  const auto store = store::open_memory(clock);
  tests::Watched<int> checks;
  net::Runtime runtime("net", 1, log);
  {
    const delivery::LaneContext context{runtime, *store, clock, log, metrics, [] { return 0.5; }, {}, {}, {}};
    const delivery::Dispatcher dispatcher(context);
    const auto monitor = [&]() -> std::shared_ptr<delivery::OverloadMonitor> {
      int number = 0;
      checks.update([&](int& count) { number = ++count; });
      // Every try of the first two checks.
      if (number <= 3) throw std::bad_alloc();
      if (number <= 6) throw 42;  // NOLINT(hicpp-exception-baseclass)
      return nullptr;
    };
    OverloadTimer timer({runtime, *store, dispatcher, clock, monitor, 20ms}, log);
    timer.start();
    EXPECT_TRUE(checks.wait([](int count) { return count >= 9; })) << "three checks without an exception";
    const auto failures = lines.get();
    ASSERT_EQ(failures.size(), 2U);
    EXPECT_NE(failures[0].find("the check for an overload failed; trying again later why=std::bad_alloc"), std::string::npos)
        << failures[0];
    runtime.stop();
    EXPECT_TRUE(runtime.join(20s));
  }
}

}  // namespace
}  // namespace belfry::app
