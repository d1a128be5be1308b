#include "app/status.hpp"

#include <gtest/gtest.h>

namespace belfry::app {
namespace {

using namespace std::chrono_literals;

const base::Timestamp kStart{base::Millis(1'700'000'000'000)};

delivery::LaneStatus lane(const std::string& sink, delivery::LaneState state) {
  delivery::LaneStatus status;
  status.sink = sink;
  status.plugin = "slack";
  status.state = state;
  status.rate_per_second = 5;
  return status;
}

store::Stats stats(std::uint64_t waiting) {
  store::Stats all;
  all.sinks["slack"].waiting = waiting;
  all.sinks["slack"].backoff = 1;
  all.sinks["slack"].oldest = kStart;
  return all;
}

TEST(StatusTest, EstimatesHowLongWhatWaitsWillTake) {
  const auto document = status_document(stats(99), {lane("slack", delivery::LaneState::open)}, {}, kStart, ReloadReport());
  EXPECT_EQ(document.at("sinks").at(0).at("drain_estimate_seconds"), 20);
  EXPECT_EQ(document.at("sinks").at(0).at("oldest"), "2023-11-14T22:13:20.000Z");
  EXPECT_TRUE(document.at("ready"));
  EXPECT_NE(status_text(document).find("slack needs at least 20 s"), std::string::npos);
}

TEST(StatusTest, EstimatesNothingForALaneThatDoesNotRun) {
  auto parked = lane("slack", delivery::LaneState::parked);
  parked.reason = "invalid_auth";
  parked.detail = "put a valid token in";
  parked.until = kStart + 5min;
  const auto document = status_document(stats(99), {parked}, {"sink slack cannot run: x"}, kStart, ReloadReport());
  EXPECT_TRUE(document.at("sinks").at(0).at("drain_estimate_seconds").is_null());
  const auto text = status_text(document);
  EXPECT_NE(text.find("slack is parked (invalid_auth): put a valid token in; next try at 2023-11-14T22:18:20.000Z"), std::string::npos)
      << text;
  EXPECT_NE(text.find("not ready"), std::string::npos);
}

TEST(StatusTest, ASinkThatTheConfigurationLostIsShownAsOrphaned) {
  auto known = stats(1);
  known.sinks["gone"].dead_letters = 2;
  known.sinks["finished"] = {};
  const auto lanes = with_orphans({lane("slack", delivery::LaneState::open)}, known);
  ASSERT_EQ(lanes.size(), 2U);
  EXPECT_EQ(lanes[1].sink, "gone");
  EXPECT_EQ(lanes[1].state, delivery::LaneState::orphaned);
}

TEST(StatusTest, SaysWhenNotificationsAreUnrouted) {
  auto known = stats(0);
  known.unrouted = 3;
  EXPECT_NE(status_text(status_document(known, {}, {}, kStart, ReloadReport())).find("3 notifications were taken by no route"),
            std::string::npos);
  known.unrouted = 1;
  EXPECT_NE(status_text(status_document(known, {}, {}, kStart, ReloadReport())).find("1 notification was taken by no route"),
            std::string::npos);
}

}  // namespace
}  // namespace belfry::app
