#include "net/websocket/websocket_liveness.hpp"

#include <gtest/gtest.h>

namespace belfry::net {
namespace {

using namespace std::chrono_literals;
using Action = Liveness::Next::Action;

class LivenessTest : public testing::Test {
 protected:
  static base::SteadyTime at(base::Millis after) { return base::SteadyTime(1h) + after; }
  void expect_wait(base::Millis now, base::Millis until) {
    const auto next = liveness.next(at(now));
    EXPECT_EQ(next.action, Action::wait);
    EXPECT_EQ(next.until, at(until));
  }
  Liveness liveness{{.ping_interval = 20s, .pong_timeout = 10s, .idle_timeout = 70s}, at(0s)};
};

TEST_F(LivenessTest, PingsAndIsAnswered) {
  expect_wait(0s, 20s);
  EXPECT_EQ(liveness.next(at(20s)).action, Action::ping);
  expect_wait(20s, 30s);
  liveness.ping_written();
  expect_wait(21s, 30s);
  liveness.on_received();
  expect_wait(29s, 40s);
  EXPECT_EQ(liveness.next(at(41s)).action, Action::ping);
}

TEST_F(LivenessTest, GivesUpWithoutAPong) {
  ASSERT_EQ(liveness.next(at(20s)).action, Action::ping);
  liveness.ping_written();
  EXPECT_EQ(liveness.next(at(30s)).action, Action::close_unresponsive);
}

TEST_F(LivenessTest, WhatIsHeardBeforeThePingIsWrittenProvesNothing) {
  ASSERT_EQ(liveness.next(at(20s)).action, Action::ping);
  liveness.on_received();
  EXPECT_EQ(liveness.next(at(30s)).action, Action::close_unresponsive);
}

TEST_F(LivenessTest, AnAnswerCanBeFasterThanTheNewsThatThePingIsWritten) {
  ASSERT_EQ(liveness.next(at(20s)).action, Action::ping);
  liveness.on_received();
  liveness.ping_written();
  expect_wait(31s, 40s);
}

TEST_F(LivenessTest, AnyPieceOfAMessageIsASignOfLife) {
  ASSERT_EQ(liveness.next(at(20s)).action, Action::ping);
  liveness.ping_written();
  liveness.on_activity(at(25s));
  expect_wait(35s, 40s);
}

TEST_F(LivenessTest, WaitsForAPongOnlyWhileItReads) {
  ASSERT_EQ(liveness.next(at(20s)).action, Action::ping);
  liveness.ping_written();
  liveness.pause();
  const auto next = liveness.next(at(1000s));
  EXPECT_EQ(next.action, Action::wait);
  EXPECT_EQ(next.until, base::SteadyTime::max());
  liveness.resume(at(1000s));
  expect_wait(1001s, 1010s);
  EXPECT_EQ(liveness.next(at(1010s)).action, Action::close_unresponsive);
}

TEST_F(LivenessTest, APingThatCannotBeWrittenCountsEvenThen) {
  liveness.pause();
  ASSERT_EQ(liveness.next(at(20s)).action, Action::ping);
  expect_wait(29s, 30s);
  EXPECT_EQ(liveness.next(at(30s)).action, Action::close_unresponsive);
}

TEST_F(LivenessTest, AnswersAloneAreIdleness) {
  for (const auto when : {20s, 40s, 60s}) {
    ASSERT_EQ(liveness.next(at(when)).action, Action::ping);
    liveness.ping_written();
    liveness.on_received();
  }
  expect_wait(61s, 70s);
  EXPECT_EQ(liveness.next(at(70s)).action, Action::close_idle);
}

TEST_F(LivenessTest, IsNotIdleWhileNothingIsRead) {
  liveness.pause();
  ASSERT_EQ(liveness.next(at(80s)).action, Action::ping);
  liveness.ping_written();
  EXPECT_EQ(liveness.next(at(80s)).action, Action::wait);
  liveness.resume(at(90s));
  liveness.on_received();
  EXPECT_EQ(liveness.next(at(100s)).action, Action::ping);
  liveness.ping_written();
  liveness.on_received();
  EXPECT_EQ(liveness.next(at(160s)).action, Action::close_idle);
}

}  // namespace
}  // namespace belfry::net
