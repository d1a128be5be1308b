#include "delivery/overload_monitor.hpp"

#include <gmock/gmock.h>

namespace belfry::delivery {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<OverloadMonitor::Change> update(OverloadMonitor& monitor, std::uint64_t waiting, double rate = 5) {
  store::Stats stats;
  stats.sinks["slack"].waiting = waiting;
  return monitor.update(stats, {{.sink = "slack", .rate_per_second = rate}});
}

store::Acceptance acceptance() {
  store::Acceptance out;
  out.deliveries.resize(1);
  out.deliveries[0].delivery.sink = "slack";
  out.deliveries[0].delivery.route = "everyone";
  return out;
}

TEST(Storm, BeginsAndEndsWithTheEstimatedWait) {
  OverloadMonitor monitor(10min, {"slack"});
  EXPECT_THAT(update(monitor, 3'000), IsEmpty()) << "exactly ten minutes";
  EXPECT_THAT(update(monitor, 3'001), ElementsAre(OverloadMonitor::Change{"slack", true, 600'200ms}));
  EXPECT_TRUE(monitor.overloaded("slack"));
  EXPECT_THAT(update(monitor, 1'501), IsEmpty());
  EXPECT_THAT(update(monitor, 1'500), ElementsAre(OverloadMonitor::Change{"slack", false, 5min}));
  EXPECT_FALSE(monitor.overloaded("slack"));
  EXPECT_FALSE(monitor.overloaded("mail"));
  EXPECT_THAT(update(monitor, 1'000'000, 0), IsEmpty()) << "without a limit there is no estimate";
}

TEST(Storm, MergesWhatIsNotCollectedAnyway) {
  OverloadMonitor monitor(10s, {"slack"});
  update(monitor, 1'000'000);
  auto one = acceptance();
  one.deliveries[0].throttle = store::ThrottleKey{};
  monitor.merge(one);
  ASSERT_TRUE(one.deliveries[0].digest);
  EXPECT_FALSE(one.deliveries[0].throttle);
  EXPECT_FALSE(one.deliveries[0].digest->note.empty());
  auto collected = acceptance();
  collected.deliveries[0].digest = store::DigestKey{.key = "k"};
  monitor.merge(collected);
  EXPECT_EQ(collected.deliveries[0].digest->key, "k");
  auto sensitive = acceptance();
  sensitive.deliveries[0].delivery.sensitive = true;
  monitor.merge(sensitive);
  EXPECT_FALSE(sensitive.deliveries[0].digest);
  auto elsewhere = acceptance();
  elsewhere.deliveries[0].delivery.sink = "mail";
  monitor.merge(elsewhere);
  EXPECT_FALSE(elsewhere.deliveries[0].digest);
}

}  // namespace
}  // namespace belfry::delivery
