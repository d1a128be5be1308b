// WebSocket connections as a sink sees them.
#include <gmock/gmock.h>

#include "sdk/probe.hpp"

namespace belfry::testkit {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = WebSocketEvent::Kind;

constexpr const char* kUrl = "wss://a.example/link?ticket=1";

// Logs each event in a few words, and at the end how the connection was closed.
Task<> listen(Probe& sink, WebSocketRequest request) {
  auto connected = co_await sink.websocket().connect(std::move(request));
  if (!connected) {
    const auto& why = connected.error();
    sink.log().info("failed " + std::to_string(why.http_status) + "/" + std::to_string(static_cast<int>(why.error)));
    co_return;
  }
  sink.log().info("open");
  for (;;) {
    const auto event = co_await connected->next();
    if (event.kind == Kind::closed) {
      sink.log().info("closed " + std::to_string(event.close_code) + "/" + std::to_string(static_cast<int>(event.error)) + " " +
                      event.data);
      co_return;
    }
    if (event.data == "stop") connected->close(4000, "enough");
    const bool sent = connected->send("got " + event.data);
    sink.log().info((event.kind == Kind::text ? "text " : "binary ") + event.data + (sent ? "" : " unanswered"));
  }
}

class WebSocketTest : public ProbeTest {
 protected:
  FakeHost& listening(const Handshake& handshake) {
    Probe::on_start = [](Probe& sink) { sink.spawn(listen(sink, WebSocketRequest(kUrl).with("X-One", "1"))); };
    host_.on_websocket("a.example", handshake);
    return host(nullptr);
  }
  std::vector<std::string> lines() {
    std::vector<std::string> texts;
    for (const auto& line : host_.log()) texts.push_back(line.text);
    return texts;
  }
};

TEST_F(WebSocketTest, CarriesMessagesBothWays) {
  auto& fake = listening(Handshake::accept());
  ASSERT_EQ(fake.websockets().size(), 1U);
  auto& socket = fake.websocket();
  EXPECT_EQ(socket.url(), kUrl);
  EXPECT_EQ(socket.header("x-one"), "1");
  EXPECT_EQ(socket.state(), FakeWebSocket::State::connecting);
  fake.run();
  EXPECT_EQ(socket.state(), FakeWebSocket::State::open);
  socket.push_text("a");
  socket.push_binary("b");
  socket.push_text("");
  socket.close(1001, "bye");
  EXPECT_THAT(lines(), ElementsAre("open"));  // events are raised only by run()
  fake.run();
  EXPECT_THAT(lines(), ElementsAre("open", "text a", "binary b", "text ", "closed 1001/0 bye"));
  EXPECT_THAT(socket.sent(), ElementsAre("got a", "got b", "got "));
  EXPECT_FALSE(socket.closed_by_sink());  // the peer had already closed it
  EXPECT_THAT(fake.violations(), IsEmpty());
}

TEST_F(WebSocketTest, SaysWhyItDidNotOpen) {
  auto& fake = listening(Handshake::refuse(409));
  fake.run();
  EXPECT_THAT(lines(), ElementsAre("failed 409/0"));
}

TEST_F(WebSocketTest, FailsToConnect) {
  auto& fake = listening(Handshake::fail(HttpError::tls).delayed(seconds(2)));
  fake.run();
  EXPECT_THAT(lines(), IsEmpty());
  fake.advance(seconds(2));
  EXPECT_THAT(lines(), ElementsAre("failed 0/" + std::to_string(BELFRY_HTTP_TLS)));
}

TEST_F(WebSocketTest, GivesUpAnUnansweredHandshakeInTime) {
  auto& fake = listening(Handshake::hold());
  fake.advance(seconds(9));
  EXPECT_THAT(lines(), IsEmpty());
  fake.advance(seconds(1));
  EXPECT_THAT(lines(), ElementsAre("failed 0/" + std::to_string(BELFRY_HTTP_TIMEOUT)));
}

TEST_F(WebSocketTest, AHeldHandshakeIsAnsweredLater) {
  auto& fake = listening(Handshake::hold());
  fake.advance(seconds(9));
  fake.websocket().respond(Handshake::accept());
  fake.advance(seconds(60));
  EXPECT_THAT(lines(), ElementsAre("open"));
}

TEST_F(WebSocketTest, AConnectionThatNoRuleMatchesIsAViolation) {
  Probe::on_start = [](Probe& sink) { sink.spawn(listen(sink, WebSocketRequest(kUrl))); };
  auto& fake = host(nullptr);
  fake.run();
  EXPECT_THAT(lines(), ElementsAre("failed 0/" + std::to_string(BELFRY_HTTP_CONNECT)));
  EXPECT_EQ(fake.violations().size(), 1U);
}

TEST_F(WebSocketTest, CutConnectionsAreNotOrderly) {
  auto& fake = listening(Handshake::accept());
  fake.run();
  fake.websocket().drop(HttpError::timeout);
  fake.run();
  EXPECT_THAT(lines(), ElementsAre("open", "closed 0/" + std::to_string(BELFRY_HTTP_TIMEOUT) + " "));
}

TEST_F(WebSocketTest, ClosesWithACode) {
  auto& fake = listening(Handshake::accept());
  fake.run();
  auto& socket = fake.websocket();
  socket.push_text("stop");
  socket.push_text("late");
  fake.run();
  ASSERT_TRUE(socket.closed_by_sink());
  EXPECT_EQ(socket.closed_by_sink()->code, 4000U);
  EXPECT_EQ(socket.closed_by_sink()->reason, "enough");
  EXPECT_THAT(lines(), ElementsAre("open", "text stop unanswered", "closed 4000/0 "));
  EXPECT_THAT(fake.violations(), IsEmpty());
}

TEST_F(WebSocketTest, APeerThatDoesNotAnswerTheCloseIsLeftAfter5Seconds) {
  auto& fake = listening(Handshake::accept());
  fake.run();
  fake.websocket().ignore_close(true);
  fake.websocket().push_text("stop");
  fake.advance(seconds(4));
  EXPECT_THAT(lines(), ElementsAre("open", "text stop unanswered"));
  fake.advance(seconds(1));
  EXPECT_EQ(lines().back(), "closed 0/" + std::to_string(BELFRY_HTTP_TIMEOUT) + " ");
}

TEST_F(WebSocketTest, SendSaysWhenTooMuchWaits) {
  auto& fake = listening(Handshake::accept());
  fake.run();
  fake.websocket().fail_sends(true);
  fake.websocket().push_text("a");
  fake.run();
  EXPECT_THAT(lines(), ElementsAre("open", "text a unanswered"));
  EXPECT_THAT(fake.websocket().sent(), IsEmpty());
}

// While no task calls next(), a few messages are read ahead; the rest wait at the host.
TEST_F(WebSocketTest, ReadsOnlyAFewAhead) {
  static std::size_t read;
  read = 0;
  Probe::on_start = [](Probe& sink) {
    const auto hold = [](Probe& s) -> Task<> {
      auto connected = co_await s.websocket().connect(WebSocketRequest(kUrl));
      co_await s.signal.wait();
      while ((co_await connected->next()).kind != Kind::closed) ++read;
    };
    sink.spawn(hold(sink));
  };
  host_.on_websocket("a.example", Handshake::accept());
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    sink.signal.set();
    co_return Outcome::delivered();
  });
  fake.run();
  for (int i = 0; i < 10; ++i) fake.websocket().push_text("x");
  fake.websocket().close();
  fake.run();
  EXPECT_EQ(fake.websocket().waiting(), 6U);
  fake.deliver_and_settle(notification());
  EXPECT_EQ(fake.websocket().waiting(), 0U);
  EXPECT_EQ(read, 10U);
}

// One delivery is abandoned while it connects, another while it holds a connection.
TEST_F(WebSocketTest, ATaskThatIsDestroyedClosesItsConnection) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    auto connected = co_await sink.websocket().connect(WebSocketRequest(kUrl));
    if (!connected) co_return Outcome::retry("refused", "");
    const auto event = co_await connected->next();
    co_return Outcome::delivered();
  });
  fake.on_websocket("a.example", Handshake::hold());
  const auto connecting = fake.deliver(notification());
  const auto holding = fake.deliver(notification());
  ASSERT_EQ(fake.websockets().size(), 2U);
  fake.websockets()[1].respond(Handshake::accept());
  fake.run();
  fake.abandon(connecting);
  fake.abandon(holding);
  for (auto& socket : fake.websockets()) {
    ASSERT_TRUE(socket.closed_by_sink());
    EXPECT_EQ(socket.closed_by_sink()->code, 1000U);
  }
  fake.advance(seconds(20));
  EXPECT_EQ(fake.websockets()[0].state(), FakeWebSocket::State::closed);
  EXPECT_EQ(fake.websockets()[1].state(), FakeWebSocket::State::closed);
  EXPECT_THAT(fake.violations(), IsEmpty());
}

TEST_F(WebSocketTest, DestroyingTheInstanceClosesWhatIsOpen) {
  auto& fake = listening(Handshake::accept());
  fake.run();
  fake.destroy();
  EXPECT_TRUE(fake.websocket().closed_by_sink());
  EXPECT_THAT(fake.violations(), IsEmpty());
}

TEST_F(WebSocketTest, AnOversizedMessageEndsTheConnection) {
  auto& fake = listening(Handshake::accept());
  fake.run();
  fake.websocket().push_text(std::string(1024 * 1024 + 1, 'x'));
  fake.run();
  EXPECT_THAT(lines(), ElementsAre("open", "closed 0/" + std::to_string(BELFRY_HTTP_TOO_LARGE) + " "));
}

TEST_F(WebSocketTest, AHostWithoutTheServiceIsMisconfigured) {
  host_.remove_service(BELFRY_HOST_WEBSOCKET_1);
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    const auto connected = co_await sink.websocket().connect(WebSocketRequest(kUrl));
    co_return Outcome::delivered();
  });
  EXPECT_EQ(fake.deliver_and_settle(notification()).reason, "service_missing");
}

}  // namespace
}  // namespace belfry::testkit
