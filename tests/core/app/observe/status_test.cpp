#include "app/observe/status.hpp"

#include <gtest/gtest.h>

namespace belfry::app {
namespace {

using nlohmann::json;
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

// The exit code of `belfry status`; the same table is in docs/reference/admin-api.md.
TEST(StatusTest, APersonIsNeededForWhatDoesNotRecoverByItself) {
  using enum delivery::LaneState;
  const auto of = [](const delivery::LaneStatus& lane, const store::Stats& known = {}, const std::vector<std::string>& reasons = {}) {
    return status_document(known, {lane}, reasons, kStart, ReloadReport(), kStart + 1h);
  };
  const auto in_state = [](delivery::LaneState state) { return lane_with_rate("slack", state); };
  const auto with = [&](const char* key, const json& value) {
    auto document = of(in_state(open));
    document[key] = value;
    return document;
  };
  store::Stats dead, stalled;
  dead.sinks["slack"].dead_letters = 1;
  stalled.sinks["slack"].waiting = 1;
  stalled.sinks["slack"].waiting_since = kStart;
  struct Case {
    const char* what;
    json document;
    bool needed;
  };
  for (const auto& [what, document, needed] : std::vector<Case>{
           {"an open sink", of(in_state(open)), false},
           {"an unreachable sink", of(in_state(unreachable)), false},
           {"a paused sink", of(in_state(paused)), false},
           {"a parked sink", of(in_state(parked)), true},
           {"a hung sink", of(in_state(hung)), true},
           {"a crashed sink", of(in_state(crashed)), true},
           {"a removed sink without deliveries", of(in_state(orphaned)), false},
           {"a removed sink with unfinished deliveries", of(in_state(orphaned), stats(1)), true},
           {"a removed sink with dead letters", of(in_state(orphaned), dead), true},
           {"a stalled sink", of(in_state(open), stalled), true},
           {"a stalled sink that is unreachable", of(in_state(unreachable), stalled), true},
           {"a paused sink with deliveries that wait", of(in_state(paused), stalled), false},
           {"dead letters", of(in_state(open), dead), true},
           {"a backlog", of(in_state(open), stats(99)), false},
           {"not ready", of(in_state(open), {}, {"the store cannot be written: x"}), true},
           {"a refused reload", with("last_reload", {{"success", false}, {"errors", {"x"}}}), true},
           {"an applied reload", with("last_reload", {{"success", true}, {"errors", json::array()}}), false},
           {"a certificate that expires soon", with("certificates", {"server.tls.certificate: ..."}), true},
           {"no certificate that expires soon", with("certificates", json::array()), false},
           {"refused requests", with("refused", {{{"count", 12}}}), false},
           {"unrouted notifications", with("unrouted", 3), false},
       })
    EXPECT_EQ(needs_attention(document), needed) << what;
}

}  // namespace
}  // namespace belfry::app
