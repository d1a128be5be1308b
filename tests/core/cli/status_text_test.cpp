#include "cli/status_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/observe/status.hpp"
#include "cli/local_time.hpp"

namespace belfry::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const base::Timestamp kStatusTime{base::Millis(1'700'000'000'000)};

delivery::LaneStatus slack_lane(delivery::LaneState state) {
  delivery::LaneStatus status;
  status.sink = "slack";
  status.plugin = "slack";
  status.state = state;
  status.rate_per_second = 5;
  return status;
}

std::string status_of(const delivery::LaneStatus& lane, const store::SinkStats& figures, const std::vector<std::string>& reasons = {},
                      base::Timestamp now = kStatusTime, const OutputStyle& style = {}) {
  store::Stats stats;
  stats.sinks[lane.sink] = figures;
  return status_text(app::status_document(stats, {lane}, reasons, kStatusTime, app::ReloadReport(), now), style);
}

TEST(StatusTextTest, ReportsHowLongTheBacklogTakes) {
  const auto text = status_of(slack_lane(delivery::LaneState::open), {.waiting = 99, .backoff = 1});
  EXPECT_THAT(text, HasSubstr("slack needs at least 20 s for the 100 that are due"));
  EXPECT_THAT(text, HasSubstr(", ready, running since " + local_time(kStatusTime) + "\n\nSINK "));
}

TEST(StatusTextTest, ALaneThatDoesNotRunShowsWhenItIsTriedAgain) {
  auto parked = slack_lane(delivery::LaneState::parked);
  parked.reason = "invalid_auth";
  parked.detail = "put a valid token in";
  parked.until = kStatusTime + 5min;
  const auto text = status_of(parked, {.waiting = 99}, {"the store cannot be written"});
  EXPECT_THAT(text, HasSubstr("slack is parked (invalid_auth): put a valid token in; next try at " + local_time(kStatusTime + 5min)));
  EXPECT_THAT(text, HasSubstr("not ready: the store cannot be written; for what to do, run: belfry doctor\n"));
}

TEST(StatusTextTest, CommandsNameTheConfiguration) {
  store::Stats stats;
  stats.sinks["slack"] = {.dead_letters = 1};
  auto parked = slack_lane(delivery::LaneState::parked);
  parked.can_release = true;
  const auto document = app::status_document(stats, {parked}, {"the store cannot be written"}, kStatusTime, app::ReloadReport());
  const auto text = status_text(document, {}, "new.yaml");
  for (const auto* command : {"run: belfry deliveries list --config new.yaml --state dead --sink slack",
                              "run: belfry sinks release --config new.yaml slack", "run: belfry doctor --config new.yaml"})
    EXPECT_THAT(text, HasSubstr(command));
}

TEST(StatusTextTest, WhatIsHeldNeedsNoTime) {
  const auto text = status_of(slack_lane(delivery::LaneState::open), {.held = 3, .next_due = kStatusTime + 1h});
  EXPECT_THAT(text, Not(HasSubstr("needs at least")));
  EXPECT_THAT(text,
              HasSubstr("slack holds back 3 (quiet hours, a digest, or a recipient rate-limited by the remote); the first is due at " +
                        local_time(kStatusTime + 1h) + "\n"));
  // Due deliveries do not wait for the held ones.
  const auto both = status_of(slack_lane(delivery::LaneState::open), {.waiting = 10, .held = 3, .next_due = kStatusTime + 1h});
  EXPECT_THAT(both, HasSubstr("slack needs at least 2 s for the 10 that are due or in back-off"));
  EXPECT_THAT(both, Not(HasSubstr("the first is due")));
}

TEST(StatusTextTest, ASinkThatSendsNothingIsNotEstimated) {
  using enum delivery::LaneState;
  for (const auto state : {paused, parked, hung, crashed, orphaned}) {
    const auto text = status_of(slack_lane(state), {.waiting = 4, .backoff = 3});
    EXPECT_THAT(text, Not(HasSubstr("needs at least")));
    EXPECT_THAT(text, HasSubstr("slack sends nothing until then; deliveries due: 7\n"));
  }
}

TEST(StatusTextTest, AnUnreachableSinkShowsTheLastError) {
  auto unreachable = slack_lane(delivery::LaneState::unreachable);
  unreachable.reason = "connection";
  unreachable.detail = "connection refused";
  unreachable.since = kStatusTime;
  unreachable.failures = 27;
  EXPECT_THAT(status_of(unreachable, {.backoff = 5}),
              HasSubstr("slack is unreachable (connection): connection refused; 27 attempts in a row have failed since " +
                        local_time(kStatusTime)));
}

TEST(StatusTextTest, EveryActionNamesItsCommand) {
  using enum delivery::LaneState;
  for (const auto& [state, command] : std::vector<std::pair<delivery::LaneState, std::string>>{
           {parked, "belfry reload"}, {crashed, "belfry reload"}, {orphaned, "belfry reload"}, {hung, "systemctl restart belfry"}}) {
    auto lane = slack_lane(state);
    EXPECT_THAT(status_of(lane, {}), HasSubstr("run: " + command + "\n")) << to_string(state);
    lane.can_release = true;
    EXPECT_THAT(status_of(lane, {}), HasSubstr("to try now, run: belfry sinks release slack\n")) << to_string(state);
  }
  auto stalled = slack_lane(open);
  stalled.attempted_at = kStatusTime - 1h;
  EXPECT_THAT(status_of(stalled, {.waiting = 1, .waiting_since = kStatusTime - 1h}),
              HasSubstr("run: belfry doctor; to start again, run: "));
  EXPECT_THAT(status_of(slack_lane(open), {.dead_letters = 1}),
              HasSubstr("slack has 1 dead letter; to see why, run: belfry deliveries list --state dead --sink slack\n"));
}

TEST(StatusTextTest, CountsUnroutedNotifications) {
  store::Stats stats;
  for (const auto& [count, text] : std::vector<std::pair<std::uint64_t, std::string>>{{3, "3 notifications matched no route"},
                                                                                      {1, "1 notification matched no route"}}) {
    stats.unrouted = count;
    EXPECT_THAT(status_text(app::status_document(stats, {}, {}, kStatusTime, app::ReloadReport()), {}), HasSubstr(text));
  }
}

TEST(StatusTextTest, ATerminalGetsNoEscapeSequencesOfOthers) {
  auto parked = slack_lane(delivery::LaneState::parked);
  parked.detail = "evil \x1b[2J\x1b]0;title\x07 \u202e";
  const auto text = status_of(parked, {}, {}, kStatusTime, {.terminal = true, .width = 100, .height = 40});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_THAT(text, HasSubstr("\\x1b[2J"));
}

TEST(StatusTextTest, ADocumentOfAnotherVersionIsShownAsFarAsItGoes) {
  const auto text = status_text({{"version", "9.0"}, {"ready", true}, {"sinks", {{{"name", "slack"}, {"state", "open"}}}}}, {});
  EXPECT_THAT(text, HasSubstr("belfry 9.0, ready"));
  EXPECT_THAT(text, HasSubstr("slack  -       open"));
}

}  // namespace
}  // namespace belfry::cli
