#include "app/observe/status_line.hpp"

#include <gtest/gtest.h>

namespace belfry::app {
namespace {

delivery::LaneStatus lane(const std::string& sink, delivery::LaneState state, const std::string& reason = "",
                          const std::string& detail = "") {
  delivery::LaneStatus status;
  status.sink = sink;
  status.state = state;
  status.reason = reason;
  status.detail = detail;
  return status;
}

using enum delivery::LaneState;

TEST(StatusLineTest, FiguresWhenAllIsWell) {
  EXPECT_EQ(status_line({.lanes = {lane("slack", open)}}), "1 sink open, 0 waiting");
  store::Stats stats;
  stats.sinks["slack"] = {.waiting = 1, .in_flight = 2, .backoff = 3, .held = 4, .dead_letters = 1};
  EXPECT_EQ(status_line({.stats = stats, .lanes = {lane("slack", open), lane("mail", open)}}),
            "2 sinks open, 1 waiting, 2 in flight, 3 in back-off, 4 held, 1 dead letter");
}

TEST(StatusLineTest, WhatDoesNotRunComesFirst) {
  store::Stats stats;
  stats.sinks["old"].waiting = 5;
  const auto parked = lane("slack", delivery::LaneState::parked, "missing_secret", "bot_token is missing");
  const auto paused = lane("mail", delivery::LaneState::paused, "rate_limited");
  EXPECT_EQ(status_line({.stats = stats, .lanes = {parked, paused, lane("ops", open)}}),
            "sink slack is parked: bot_token is missing; sink mail is paused: rate_limited; sink old is orphaned: the configuration no "
            "longer has this sink; add it again to resume its deliveries; 1 of 4 sinks open, 5 waiting");
}

TEST(StatusLineTest, AFailingStoreIsSaidOnce) {
  const auto full = base::fail("belfry.db: the disk is full");
  EXPECT_EQ(status_line({.stats = full, .writable = full, .lanes = {lane("slack", open)}}),
            "the store cannot be written: belfry.db: the disk is full; 1 sink open, 0 waiting");
  EXPECT_EQ(status_line({.stats = full, .lanes = {lane("slack", open)}}),
            "the store does not answer: belfry.db: the disk is full; 1 sink open, 0 waiting");
}

TEST(StatusLineTest, ARefusedReloadStaysInSight) {
  EXPECT_EQ(status_line({.lanes = {lane("slack", open)}, .reload_error = "the new configuration is refused"}),
            "the new configuration is refused; 1 sink open, 0 waiting");
}

}  // namespace
}  // namespace belfry::app
