#include "app/observe/status.hpp"

#include <gtest/gtest.h>

namespace belfry::app {
namespace {

using namespace std::chrono_literals;

const base::Timestamp kStart{base::Millis(1'700'000'000'000)};

delivery::LaneStatus lane_with_rate(const std::string& sink, delivery::LaneState state) {
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
  const auto document = status_document(stats(99), {lane_with_rate("slack", delivery::LaneState::open)}, {}, kStart, ReloadReport());
  EXPECT_EQ(document.at("sinks").at(0).at("drain_estimate_seconds"), 20);
  EXPECT_EQ(document.at("sinks").at(0).at("oldest"), "2023-11-14T22:13:20.000Z");
  EXPECT_TRUE(document.at("ready"));
}

TEST(StatusTest, EstimatesNothingForALaneThatDoesNotRun) {
  auto parked = lane_with_rate("slack", delivery::LaneState::parked);
  parked.reason = "invalid_auth";
  parked.detail = "put a valid token in";
  parked.until = kStart + 5min;
  const auto document = status_document(stats(99), {parked}, {"sink slack cannot run: x"}, kStart, ReloadReport());
  EXPECT_TRUE(document.at("sinks").at(0).at("drain_estimate_seconds").is_null());
  EXPECT_EQ(document.at("sinks").at(0).at("until"), "2023-11-14T22:18:20.000Z");
  EXPECT_FALSE(document.at("ready"));
}

TEST(StatusTest, ASinkThatTheConfigurationLostIsShownAsOrphaned) {
  auto known = stats(1);
  known.sinks["gone"].dead_letters = 2;
  known.sinks["finished"] = {};
  const auto lanes = with_orphans({lane_with_rate("slack", delivery::LaneState::open)}, known);
  ASSERT_EQ(lanes.size(), 2U);
  EXPECT_EQ(lanes[1].sink, "gone");
  EXPECT_EQ(lanes[1].state, delivery::LaneState::orphaned);
}

TEST(StatusTest, AnUnreachableSinkShowsTheLastError) {
  auto dead = lane_with_rate("slack", delivery::LaneState::unreachable);
  dead.reason = "connection";
  dead.detail = "connection refused";
  dead.since = kStart;
  dead.failures = 27;
  dead.last_failure = delivery::Outage::Failure{kStart + 1min, "connection", "connection refused"};
  store::Stats stats;
  const auto document = status_document(stats, {dead}, {}, kStart, ReloadReport());
  EXPECT_EQ(document.at("sinks").at(0).at("last_error").at("at"), "2023-11-14T22:14:20.000Z");
  EXPECT_FALSE(needs_attention(document)) << "it recovers by itself";
}

TEST(StatusTest, StalledIsWhatIsDueAndNotAttemptedForAMinute) {
  struct Case {
    std::optional<base::Millis> waiting_for;
    base::Millis attempt_ago;
    bool stalled;
  };
  for (const auto& [waiting_for, attempt_ago, stalled] : std::vector<Case>{
           {std::nullopt, 24h, false}, {1s, 24h, false}, {59s, 24h, false}, {60s, 24h, true}, {24h, 59s, false}, {24h, 60s, true}}) {
    auto open = lane_with_rate("slack", delivery::LaneState::open);
    open.attempted_at = kStart - attempt_ago;
    store::SinkStats figures;
    if (waiting_for) figures.waiting_since = kStart - *waiting_for;
    EXPECT_EQ(is_stalled(open, figures, kStart), stalled) << (waiting_for ? waiting_for->count() : -1) << " " << attempt_ago.count();
  }
}

TEST(StatusTest, APersonIsNeededForWhatDoesNotRecoverByItself) {
  using enum delivery::LaneState;
  const auto needed = [](const delivery::LaneStatus& lane, const std::vector<std::string>& reasons = {}) {
    return needs_attention(status_document({}, {lane}, reasons, kStart, ReloadReport()));
  };
  for (const auto state : {parked, hung, crashed}) EXPECT_TRUE(needed(lane_with_rate("slack", state))) << to_string(state);
  for (const auto state : {open, unreachable, paused, orphaned}) EXPECT_FALSE(needed(lane_with_rate("slack", state))) << to_string(state);
  EXPECT_TRUE(needs_attention(status_document(stats(1), {lane_with_rate("slack", orphaned)}, {}, kStart, ReloadReport())))
      << "its deliveries go nowhere";
  EXPECT_TRUE(needed(lane_with_rate("slack", open), {"the store cannot be written: x"}));
}

}  // namespace
}  // namespace belfry::app
