// One Socket Mode session as a table of events and actions. Cases marked with * come from the official client's integration tests.
#include "slack/inbound/socket_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/slack/inbound/socket_texts.hpp"

namespace belfry::slack::socket {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::_;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::VariantWith;

using Actions = std::vector<Action>;

constexpr const char* kUrl = "wss://wss.slack.com/link/?ticket=1";

template <class Matcher>
auto says(bool error, Matcher text) {
  return VariantWith<Report>(testing::AllOf(Field(&Report::error, error), Field(&Report::text, text)));
}
auto waits(Millis time) { return VariantWith<Wait>(Field(&Wait::time, time)); }

class SocketLineTest : public testing::Test {
 protected:
  // Waits are the longest possible, unless a test sets `random`.
  Actions feed(const Event& event) {
    Actions actions = line.resume(event, random);
    for (const Action& action : actions) {
      if (const auto* connect = std::get_if<Connect>(&action)) connection = connect->connection;
      if (const auto* wait = std::get_if<Wait>(&action)) timer = wait->wait;
    }
    return actions;
  }
  // From FetchUrl to hello.
  Number serve() {
    feed(Url{kUrl});
    feed(Opened{connection});
    feed(Text{connection, kHello});
    return connection;
  }
  Number settle() {
    const Number served = serve();
    feed(Due{timer});
    return served;
  }

  SocketMachine line{false};
  double random = 1;
  Number connection = 0;
  Number timer = 0;
};

TEST_F(SocketLineTest, ConnectsAndIsInUseAfterHello) {  // *
  EXPECT_THAT(feed(Begin{}), ElementsAre(Action(FetchUrl{})));
  EXPECT_THAT(feed(Url{kUrl}), ElementsAre(Action(Connect{1, kUrl})));
  EXPECT_THAT(feed(Opened{1}), ElementsAre(Action(Wait{1, SocketMachine::kHelloTimeout})));
  EXPECT_EQ(line.serving(), 0U);
  EXPECT_THAT(feed(Text{1, kHello}), ElementsAre(Action(Wait{2, SocketMachine::kSettleTime}), Action(ServingChanged{})));
  EXPECT_EQ(line.serving(), 1U);
  EXPECT_THAT(feed(Begin{}), IsEmpty()) << "a second time changes nothing";
}

TEST_F(SocketLineTest, AcknowledgesWhatComes) {  // *
  feed(Begin{});
  const Number here = serve();
  EXPECT_THAT(feed(Text{here, click("e1")}), ElementsAre(Action(Send{here, ack("e1")})));
  EXPECT_THAT(feed(Text{here, click("e1")}), ElementsAre(Action(Send{here, ack("e1")}))) << "sent again: acknowledged again";
  EXPECT_THAT(feed(Text{here + 1, click("e2")}), IsEmpty()) << "the connection does not exist";
}

TEST_F(SocketLineTest, IgnoresWhatItDoesNotKnow) {  // *
  feed(Begin{});
  const Number here = serve();
  for (const std::string text :
       {"", "{", "[]", "null", "\"hello\"", R"({"type":7})", R"({"type":"new"})", R"({"type":"interactive"})", kHello})
    EXPECT_THAT(feed(Text{here, text}), IsEmpty()) << text;
  EXPECT_EQ(line.serving(), 1U);
}

TEST_F(SocketLineTest, AsksAgainLaterWhenTheUrlIsRefused) {  // *
  feed(Begin{});
  Millis longest{0};
  for (const auto expected : {1, 2, 4, 8, 16, 32, 60, 60}) {
    const Actions actions = feed(UrlFailed{FailureKind::transient, "why", Millis(0)});
    EXPECT_THAT(actions, ElementsAre(says(false, std::string("why")), waits(seconds(expected))));
    EXPECT_THAT(feed(Due{timer}), ElementsAre(Action(FetchUrl{})));
    longest = seconds(expected);
  }
  EXPECT_EQ(longest, SocketMachine::kMaxBackoff);
}

TEST_F(SocketLineTest, SpreadsTheWait) {
  feed(Begin{});
  random = 0;
  EXPECT_THAT(feed(UrlFailed{FailureKind::transient, "why", Millis(0)}), ElementsAre(_, waits(Millis(500))));
}

TEST_F(SocketLineTest, LeavesTheWaitThatSlackRequestsToItsDriver) {
  feed(Begin{});
  random = 0;
  EXPECT_THAT(feed(UrlFailed{FailureKind::limited, "why", seconds(99'999'999)}), ElementsAre(_, waits(Millis(1'500))));
  feed(Due{timer});
  EXPECT_THAT(feed(UrlFailed{FailureKind::transient, "503", seconds(99'999'999)}), ElementsAre(_, waits(seconds(1))));
}

TEST_F(SocketLineTest, SaysWhatOnlyAPersonCanMendAndTriesSlowly) {
  feed(Begin{});
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(feed(UrlFailed{FailureKind::fatal, "fix it", Millis(0)}),
                ElementsAre(says(true, std::string("fix it")), waits(SocketMachine::kFatalWait)));
    EXPECT_THAT(feed(Due{timer}), ElementsAre(Action(FetchUrl{})));
  }
}

TEST_F(SocketLineTest, OneAttemptAtATimeWhenTheHandshakeIsRefused) {  // *
  feed(Begin{});
  feed(Url{kUrl});
  EXPECT_THAT(feed(Closed{1, "HTTP 409"}), ElementsAre(says(false, std::string("HTTP 409")), waits(seconds(1))));
  EXPECT_THAT(feed(Closed{1, "HTTP 409"}), IsEmpty()) << "closed already";
  EXPECT_THAT(feed(Url{kUrl}), IsEmpty()) << "an unexpected response";
  EXPECT_THAT(feed(Due{timer - 1}), IsEmpty()) << "an outdated timer";
  EXPECT_THAT(feed(Due{timer}), ElementsAre(Action(FetchUrl{})));
  EXPECT_THAT(feed(Due{timer}), IsEmpty()) << "a timer fires once";
}

TEST_F(SocketLineTest, GivesUpOnOneThatDoesNotSayHello) {
  feed(Begin{});
  feed(Url{kUrl});
  feed(Opened{1});
  EXPECT_THAT(feed(Due{timer}), ElementsAre(Action(Close{1}), says(false, HasSubstr("hello")), waits(seconds(1))));
  EXPECT_THAT(feed(Text{1, kHello}), IsEmpty()) << "too late";
  EXPECT_THAT(feed(Closed{1, ""}), IsEmpty());
  EXPECT_EQ(line.serving(), 0U);
}

TEST_F(SocketLineTest, RefreshesWithoutAGap) {  // *
  for (const std::string reason : {"warning", "refresh_requested", "a reason of the future", ""}) {
    line = SocketMachine(false);
    connection = timer = 0;
    feed(Begin{});
    const Number old = settle();
    EXPECT_THAT(feed(Text{old, disconnect(reason)}), ElementsAre(Action(FetchUrl{}))) << reason;
    EXPECT_EQ(line.serving(), 1U);
    EXPECT_THAT(feed(Text{old, click("while asking")}), ElementsAre(Action(Send{old, ack("while asking")})));
    EXPECT_THAT(feed(Text{old, disconnect(reason)}), IsEmpty()) << "a repeated disconnect";
    feed(Url{kUrl});
    EXPECT_THAT(feed(Text{old, click("while connecting")}), ElementsAre(Action(Send{old, ack("while connecting")})));
    feed(Opened{connection});
    EXPECT_THAT(feed(Text{connection, kHello}), ElementsAre(waits(SocketMachine::kSettleTime), Action(ServingChanged{})));
    EXPECT_EQ(line.serving(), 2U);
    EXPECT_THAT(feed(Text{old, click("late")}), ElementsAre(Action(Send{old, ack("late")})));
    EXPECT_THAT(feed(Text{connection, click("new")}), ElementsAre(Action(Send{connection, ack("new")})));
    EXPECT_THAT(feed(Due{timer}), ElementsAre(Action(Close{old}), Action(ServingChanged{}))) << "Slack did not close it";
    EXPECT_EQ(line.serving(), 1U);
  }
}

TEST_F(SocketLineTest, TheOldOneIsClosedBySlackFirst) {
  feed(Begin{});
  const Number old = settle();
  feed(Text{old, disconnect("refresh_requested")});
  EXPECT_THAT(feed(Closed{old, "bye"}), ElementsAre(Action(ServingChanged{})));
  EXPECT_THAT(feed(Url{kUrl}), ElementsAre(VariantWith<Connect>(_))) << "the new connection was in progress";
  feed(Opened{connection});
  feed(Text{connection, kHello});
  EXPECT_THAT(feed(Due{timer}), IsEmpty()) << "nothing is left to close";
}

TEST_F(SocketLineTest, TheOldOneServesOnUntilANewOneWorks) {
  feed(Begin{});
  const Number old = settle();
  feed(Text{old, disconnect("warning")});
  EXPECT_THAT(feed(UrlFailed{FailureKind::transient, "503", Millis(0)}), ElementsAre(_, waits(seconds(1))));
  EXPECT_THAT(feed(Text{old, click("e")}), ElementsAre(Action(Send{old, ack("e")})));
  feed(Due{timer});
  feed(Url{kUrl});
  feed(Closed{connection, "HTTP 409"});
  EXPECT_EQ(line.serving(), 1U);
  feed(Due{timer});
  serve();
  EXPECT_EQ(line.serving(), 2U);
}

TEST_F(SocketLineTest, RefreshesInARowSlowDown) {
  feed(Begin{});
  Number here = serve();
  for (const int expected : {1, 2, 4}) {
    const Actions actions = feed(Text{here, disconnect("refresh_requested")});
    EXPECT_THAT(actions, testing::Contains(waits(seconds(expected))));
    feed(Due{timer});
    here = serve();
    EXPECT_LE(line.serving(), 3U);
  }
  feed(Due{timer});
  EXPECT_EQ(line.serving(), 1U) << "settled, so the others are closed";
  EXPECT_THAT(feed(Text{here, disconnect("refresh_requested")}), ElementsAre(Action(FetchUrl{})));
}

TEST_F(SocketLineTest, ComesBackWhenItWasDropped) {  // * the server vanishes, sends no ping, answers none
  feed(Begin{});
  const Number here = settle();
  EXPECT_THAT(feed(Closed{here, "no answer to a ping"}),
              ElementsAre(says(false, std::string("no answer to a ping")), waits(seconds(1)), Action(ServingChanged{})));
  EXPECT_EQ(line.serving(), 0U);
  EXPECT_THAT(feed(Due{timer}), ElementsAre(Action(FetchUrl{})));
}

TEST_F(SocketLineTest, ADropSoonAfterHelloIsAFailureLikeTheOthers) {
  feed(Begin{});
  for (const int expected : {1, 2, 4}) {
    const Number here = serve();
    EXPECT_THAT(feed(Closed{here, "gone"}), testing::Contains(waits(seconds(expected))));
    feed(Due{timer});
  }
  const Number here = settle();
  EXPECT_THAT(feed(Closed{here, "gone"}), testing::Contains(waits(seconds(1))));
}

TEST_F(SocketLineTest, TooManyMakesTheSpareLineStandBack) {  // *
  for (const bool spare : {false, true}) {
    SocketMachine one(spare);
    (void)one.resume(Begin{}, 1);
    (void)one.resume(Url{kUrl}, 1);
    (void)one.resume(Opened{1}, 1);
    EXPECT_THAT(one.resume(Text{1, disconnect("too_many_websockets")}, 1),
                ElementsAre(Action(Close{1}), says(!spare, HasSubstr("10")),
                            waits(spare ? SocketMachine::kSpareTooManyWait : SocketMachine::kTooManyWait)));
  }
}

TEST_F(SocketLineTest, TooManyDuringARefreshIsTriedAgainWhenTheOldOneHasGone) {
  feed(Begin{});
  const Number old = settle();
  feed(Text{old, disconnect("warning")});
  feed(Url{kUrl});
  feed(Opened{connection});
  EXPECT_THAT(feed(Text{connection, disconnect("too_many_websockets")}), testing::Contains(waits(SocketMachine::kTooManyWait)));
  EXPECT_EQ(line.serving(), 1U);
  const Number before = timer;
  EXPECT_THAT(feed(Closed{old, "bye"}), ElementsAre(waits(seconds(1)), Action(ServingChanged{})));
  EXPECT_THAT(feed(Due{before}), IsEmpty());
  EXPECT_THAT(feed(Due{timer}), ElementsAre(Action(FetchUrl{})));
}

TEST_F(SocketLineTest, TooManyAfterHelloIsNotTriedAgainWhenThatOneHasGone) {
  for (const bool spare : {false, true}) {
    for (const bool settled : {false, true}) {
      line = SocketMachine(spare);
      connection = timer = 0;
      feed(Begin{});
      const Number here = settled ? settle() : serve();
      EXPECT_THAT(feed(Text{here, disconnect("too_many_websockets")}),
                  testing::Contains(waits(spare ? SocketMachine::kSpareTooManyWait : SocketMachine::kTooManyWait)));
      EXPECT_THAT(feed(Text{here, click("e")}), ElementsAre(Action(Send{here, ack("e")}))) << "until Slack closes it";
      EXPECT_THAT(feed(Closed{here, "bye"}), ElementsAre(Action(ServingChanged{}))) << "the wait is unchanged";
      EXPECT_THAT(feed(Due{timer}), ElementsAre(Action(FetchUrl{})));
    }
  }
}

TEST_F(SocketLineTest, SwitchedOffInSlack) {
  for (const bool serving : {false, true}) {
    line = SocketMachine(false);
    connection = timer = 0;
    feed(Begin{});
    feed(Url{kUrl});
    feed(Opened{connection});
    if (serving) feed(Text{connection, kHello});
    const Actions actions = feed(Text{connection, disconnect("link_disabled")});
    EXPECT_THAT(actions, testing::Contains(says(true, HasSubstr("switch it on under Socket Mode"))));
    EXPECT_THAT(actions, testing::Contains(waits(SocketMachine::kFatalWait)));
  }
}

TEST_F(SocketLineTest, Stops) {  // *
  feed(Begin{});
  const Number old = settle();
  feed(Text{old, disconnect("warning")});
  const Number fresh = serve();
  EXPECT_THAT(feed(Stop{}), testing::UnorderedElementsAre(Action(Close{old}), Action(Close{fresh}), Action(ServingChanged{})));
  EXPECT_THAT(feed(Stop{}), IsEmpty()) << "already stopped";
  for (const Event& event : std::vector<Event>{Begin{}, Url{kUrl}, UrlFailed{}, Text{fresh, click("e")}, Closed{fresh, ""}, Due{timer}})
    EXPECT_THAT(feed(event), IsEmpty());
}

TEST_F(SocketLineTest, StoppedWhileItConnects) {  // *
  feed(Begin{});
  feed(Url{kUrl});
  EXPECT_THAT(feed(Stop{}), IsEmpty());
  EXPECT_THAT(feed(Opened{connection}), ElementsAre(Action(Close{connection})));
}

TEST_F(SocketLineTest, StoppedBeforeItBegan) {  // *
  EXPECT_THAT(feed(Stop{}), IsEmpty());
  EXPECT_THAT(feed(Begin{}), IsEmpty());
}

}  // namespace
}  // namespace belfry::slack::socket
