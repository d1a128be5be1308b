#include "delivery/storm.hpp"

#include <gmock/gmock.h>

namespace belfry::delivery {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<StormWatch::Change> update(StormWatch& storm, std::uint64_t waiting, double rate = 5) {
  store::Stats stats;
  stats.sinks["slack"].waiting = waiting;
  return storm.update(stats, {{.sink = "slack", .rate_per_second = rate}});
}

store::Acceptance acceptance() {
  store::Acceptance out;
  out.deliveries.resize(1);
  out.deliveries[0].delivery.sink = "slack";
  out.deliveries[0].delivery.route = "everyone";
  return out;
}

TEST(Storm, BeginsAndEndsWithTheEstimatedWait) {
  StormWatch storm(10min, {"slack"});
  EXPECT_THAT(update(storm, 3'000), IsEmpty()) << "just ten minutes";
  EXPECT_THAT(update(storm, 3'001), ElementsAre(StormWatch::Change{"slack", true, 600'200ms}));
  EXPECT_TRUE(storm.raging("slack"));
  EXPECT_THAT(update(storm, 1'501), IsEmpty());
  EXPECT_THAT(update(storm, 1'500), ElementsAre(StormWatch::Change{"slack", false, 5min}));
  EXPECT_FALSE(storm.raging("slack"));
  EXPECT_FALSE(storm.raging("mail"));
  EXPECT_THAT(update(storm, 1'000'000, 0), IsEmpty()) << "without a limit there is no estimate";
}

TEST(Storm, MergesWhatIsNotCollectedAnyway) {
  StormWatch storm(10s, {"slack"});
  update(storm, 1'000'000);
  auto one = acceptance();
  one.deliveries[0].throttle = store::ThrottleKey{};
  storm.merge(one);
  ASSERT_TRUE(one.deliveries[0].digest);
  EXPECT_FALSE(one.deliveries[0].throttle);
  EXPECT_FALSE(one.deliveries[0].digest->note.empty());
  auto collected = acceptance();
  collected.deliveries[0].digest = store::DigestKey{.key = "k"};
  storm.merge(collected);
  EXPECT_EQ(collected.deliveries[0].digest->key, "k");
  auto sensitive = acceptance();
  sensitive.deliveries[0].delivery.sensitive = true;
  storm.merge(sensitive);
  EXPECT_FALSE(sensitive.deliveries[0].digest);
  auto elsewhere = acceptance();
  elsewhere.deliveries[0].delivery.sink = "mail";
  storm.merge(elsewhere);
  EXPECT_FALSE(elsewhere.deliveries[0].digest);
}

}  // namespace
}  // namespace belfry::delivery
