// Socket Mode through the plugin, against scripted WebSockets. For the order of actions see socket_machine_test.cpp; for a real gateway and
// a real server, tests/acceptance/test_socket_mode.py.
#include "belfry/testkit/conformance.hpp"
#include "plugins/slack/inbound/socket_texts.hpp"
#include "plugins/slack/sink_fixture.hpp"

namespace belfry::slack {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testkit::FakeWebSocket;
using testkit::Handshake;
using State = FakeWebSocket::State;

constexpr const char* kBotToken = "xoxb-secret-token";
constexpr const char* kAppToken = "xapp-secret-token";
constexpr const char* kGauge = "slack_socket_connections";
constexpr const char* kTicket = "a-ticket-that-opens-a-socket";

json socket_mode_config() { return {{"bot_token", kBotToken}, {"app_token", kAppToken}}; }

class SocketModeTest : public testing::Test {
 protected:
  void begin(const json& settings = socket_mode_config()) {
    ASSERT_TRUE(host.configure(settings));
    ASSERT_TRUE(host.start());
    host.run();
  }
  // Slack issues URLs and accepts connections.
  void good() {
    host.on("POST", "apps.connections.open",
            Response::json(200, {{"ok", true}, {"url", std::string("wss://wss.slack.com/link/?ticket=") + kTicket}}));
    host.on_websocket("wss.slack.com", Handshake::accept());
  }
  void hello(FakeWebSocket& socket) {
    socket.push_text(kHello);
    host.run();
  }
  // Both sessions in use.
  void serve() {
    good();
    begin();
    hello(host.websocket());
    hello(host.websocket());
    ASSERT_EQ(connections(), 2);
  }
  // Advances time until the sink has requested `count` WebSockets, and returns how long it took.
  seconds until_asked(std::size_t count) {
    const Timestamp begun = host.now();
    while (host.websockets().size() < count && host.now() - begun < minutes(30)) host.advance(seconds(1));
    EXPECT_THAT(host.websockets(), SizeIs(count));
    return std::chrono::duration_cast<seconds>(host.now() - begun);
  }
  double connections() const { return host.gauge(kGauge).value_or(-1); }
  std::size_t asked() const { return requests_of(host, "connections.open"); }
  std::size_t errors() const {
    return static_cast<std::size_t>(std::ranges::count_if(host.log(), [](const auto& line) { return line.level == BELFRY_LOG_ERROR; }));
  }
  void TearDown() override {
    EXPECT_THAT(host.violations(), IsEmpty());
    EXPECT_FALSE(host.logged(kTicket)) << "anyone with the URL can connect as this app";
  }

  FakeHost host{testkit::load_plugin(std::filesystem::path(std::getenv("BELFRY_BUILD_DIR")) / "plugins/slack.so")};
};

TEST_F(SocketModeTest, WithoutAnAppTokenThereIsNone) {
  begin({{"bot_token", kBotToken}});
  EXPECT_THAT(host.requests(), IsEmpty());
  EXPECT_THAT(host.websockets(), IsEmpty());
}

TEST_F(SocketModeTest, AsksForAnAddressAndConnects) {
  good();
  begin();
  ASSERT_THAT(host.requests(), SizeIs(1));
  const testkit::Request& request = host.requests().front();
  EXPECT_EQ(request.url, "https://slack.com/api/apps.connections.open");
  EXPECT_EQ(request.header("authorization"), std::string("Bearer ") + kAppToken);
  EXPECT_EQ(request.header("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(request.body, "");
  ASSERT_THAT(host.websockets(), SizeIs(1));
  const WebSocketRequest& handshake = host.websocket().request();
  EXPECT_EQ(handshake.ping_interval, seconds(5));
  EXPECT_EQ(handshake.pong_timeout, seconds(5));
  EXPECT_EQ(handshake.idle_timeout, seconds(30));
  EXPECT_GE(handshake.max_message_bytes, 1U << 20U);
  EXPECT_THAT(handshake.headers, IsEmpty()) << "the URL alone suffices";
}

TEST_F(SocketModeTest, IsInUseAfterHelloAndThenBeginsTheSpareLine) {
  good();
  begin();
  EXPECT_FALSE(host.gauge(kGauge)) << "the previous instance may still be in use";
  ASSERT_THAT(host.websockets(), SizeIs(1));
  hello(host.websocket());
  EXPECT_EQ(connections(), 1);
  ASSERT_THAT(host.websockets(), SizeIs(2));
  hello(host.websocket());
  EXPECT_EQ(connections(), 2);
  host.advance(minutes(60));
  EXPECT_THAT(host.websockets(), SizeIs(2));
}

TEST_F(SocketModeTest, AClickIsAcknowledgedAtOnce) {
  serve();
  for (FakeWebSocket& socket : host.websockets()) {
    socket.push_text(click("e1"));
    socket.push_text(click("e2"));
    host.run();
    EXPECT_THAT(socket.sent(), ElementsAre(ack("e1"), ack("e2")));
  }
}

TEST_F(SocketModeTest, ManyClicksAtOnce) {
  serve();
  FakeWebSocket& socket = host.websocket();
  for (int i = 0; i < 100; ++i) socket.push_text(click(std::to_string(i)));
  host.run();
  EXPECT_THAT(socket.sent(), SizeIs(100));
}

TEST_F(SocketModeTest, BinaryAndMalformedFramesAreIgnored) {
  serve();
  FakeWebSocket& socket = host.websocket();
  socket.push_binary(std::string("\x00\x01\x02", 3));
  socket.push_binary(click("binary"));
  for (const char* text : {"", "{", "null", "hello", R"({"type":7})"}) socket.push_text(text);
  socket.push_text(click("e"));
  host.run();
  EXPECT_THAT(socket.sent(), ElementsAre(ack("e")));
  EXPECT_EQ(socket.state(), State::open);
}

TEST_F(SocketModeTest, ALargeClick) {
  serve();
  host.websocket().push_text(json{
      {"envelope_id", "e"}, {"type", "interactive"}, {"payload", {{"type", "block_actions"}, {"message", std::string(1'500'000, 'x')}}}}
                                 .dump());
  host.run();
  EXPECT_THAT(host.websocket().sent(), ElementsAre(ack("e")));
}

TEST_F(SocketModeTest, RefreshesWithoutAGap) {
  serve();
  host.advance(seconds(31));
  FakeWebSocket& old = host.websockets()[0];
  old.push_text(disconnect("warning"));
  host.run();
  ASSERT_THAT(host.websockets(), SizeIs(3)) << "the new connection is opened at once";
  EXPECT_EQ(old.state(), State::open) << "the old connection stays open";
  FakeWebSocket& fresh = host.websocket();
  old.push_text(click("before hello"));
  hello(fresh);
  EXPECT_EQ(connections(), 3);
  old.push_text(click("after hello"));
  fresh.push_text(click("new"));
  host.run();
  EXPECT_THAT(old.sent(), ElementsAre(ack("before hello"), ack("after hello")));
  EXPECT_THAT(fresh.sent(), ElementsAre(ack("new")));
  old.close();
  host.run();
  EXPECT_EQ(connections(), 2);
  host.advance(minutes(10));
  EXPECT_THAT(host.websockets(), SizeIs(3));
}

TEST_F(SocketModeTest, ClosesAnOldOneThatSlackLeavesOpen) {
  serve();
  host.advance(seconds(31));
  FakeWebSocket& old = host.websockets()[0];
  old.push_text(disconnect("refresh_requested"));
  host.run();
  hello(host.websocket());
  host.advance(seconds(31));
  EXPECT_EQ(old.state(), State::closed);
  ASSERT_TRUE(old.closed_by_sink());
  EXPECT_EQ(old.closed_by_sink()->code, 1000U);
  EXPECT_EQ(connections(), 2);
}

TEST_F(SocketModeTest, AServerThatVanishes) {
  serve();
  for (FakeWebSocket& socket : host.websockets()) socket.drop(HttpError::closed);
  host.run();
  EXPECT_EQ(connections(), 0);
  host.advance(seconds(2));
  ASSERT_THAT(host.websockets(), SizeIs(4));
  hello(host.websockets()[2]);
  hello(host.websockets()[3]);
  EXPECT_EQ(connections(), 2);
  EXPECT_TRUE(host.logged("Socket Mode: connected again"));
}

TEST_F(SocketModeTest, AServerThatSaysNothing) {
  good();
  begin();
  host.advance(seconds(11));
  EXPECT_EQ(host.websockets()[0].state(), State::closed) << "no hello";
  ASSERT_THAT(host.websockets(), SizeIs(2));
  hello(host.websocket());
  EXPECT_EQ(connections(), 1);
}

TEST_F(SocketModeTest, AHandshakeThatIsNotAnswered) {
  good();
  host.on_websocket("wss.slack.com", Handshake::hold());
  begin();
  host.on_websocket("wss.slack.com", Handshake::accept());
  host.advance(seconds(12));
  ASSERT_THAT(host.websockets(), SizeIs(2));
  hello(host.websocket());
  EXPECT_EQ(connections(), 1);
}

TEST_F(SocketModeTest, OneAttemptAtATimeWhenHandshakesAreRefused) {
  good();
  host.on_websocket("wss.slack.com", Handshake::refuse(409));
  begin();
  host.advance(minutes(10));
  EXPECT_THAT(host.websockets().size(), testing::AllOf(testing::Ge(10U), testing::Le(30U))) << "about one per minute at the end";
  EXPECT_EQ(asked(), host.websockets().size()) << "a URL is valid for one attempt";
  EXPECT_TRUE(host.logged("handshake failed with HTTP 409"));
  EXPECT_THAT(host.log(), SizeIs(1)) << "a repeated failure is logged once";
}

TEST_F(SocketModeTest, ATokenThatSlackRefusesIsSaidAndTriedSlowly) {
  host.on("POST", "apps.connections.open", Response::json(200, {{"ok", false}, {"error", "invalid_auth"}}));
  begin();
  EXPECT_TRUE(host.logged("Slack answered invalid_auth to apps.connections.open: make an app-level token (xapp-...)"));
  EXPECT_EQ(connections(), 0);
  host.advance(minutes(2));
  EXPECT_EQ(asked(), 1U);
  host.rotate_secret(kAppToken, "xapp-new-token");
  good();
  EXPECT_LE(until_asked(1), minutes(3));
  EXPECT_EQ(host.requests().back().header("authorization"), "Bearer xapp-new-token") << "the current value is used";
  hello(host.websocket());
  EXPECT_EQ(connections(), 1);
  EXPECT_EQ(errors(), 1U);
}

TEST_F(SocketModeTest, ARequestedWaitIsAPauseOfTheGateway) {
  for (const int status : {429, 503}) {
    FakeHost other(testkit::load_plugin(std::filesystem::path(std::getenv("BELFRY_BUILD_DIR")) / "plugins/slack.so"));
    other.on("POST", "apps.connections.open", Response::of(status, "<html>", {{"Retry-After", "99999999"}}));
    other.hold_grants(true);
    ASSERT_TRUE(other.configure(socket_mode_config()));
    ASSERT_TRUE(other.start());
    other.run();
    EXPECT_THAT(other.requests(), IsEmpty());
    ASSERT_TRUE(other.grant());
    ASSERT_THAT(other.requests(), SizeIs(1));
    ASSERT_THAT(other.reported_limits(), SizeIs(1));
    EXPECT_EQ(other.reported_limits()[0].bucket.method, "apps.connections.open");
    EXPECT_EQ(other.reported_limits()[0].bucket.scope, Scope::sink) << "the release of this sink ends it";
    EXPECT_EQ(other.reported_limits()[0].after, seconds(99'999'999)) << "the gateway bounds it";
    EXPECT_TRUE(other.logged(" min, or at once after belfry sinks release"));
    other.advance(minutes(1));
    EXPECT_THAT(other.requests(), SizeIs(1)) << "not before the gateway permits it";
    other.on("POST", "apps.connections.open", Response::json(200, {{"ok", true}, {"url", "wss://wss.slack.com/link/?ticket=1"}}));
    other.on_websocket("wss.slack.com", Handshake::accept());
    ASSERT_TRUE(other.grant()) << "the sink waits for nothing else";
    EXPECT_THAT(other.websockets(), SizeIs(1));
    EXPECT_THAT(other.violations(), IsEmpty());
  }
}

TEST_F(SocketModeTest, DeliveriesGoOnWithoutIt) {
  host.on("POST", "apps.connections.open", Response::fails(HttpError::connect, false));
  host.on("GET", "users.lookupByEmail", Response::json(200, {{"ok", true}, {"user", {{"id", "U1"}}}}));
  host.on("POST", "chat.postMessage", Response::json(200, {{"ok", true}, {"channel", "D1"}, {"ts", "1.2"}}));
  begin();
  EXPECT_EQ(host.deliver_and_settle(testkit::notification()).code, Outcome::Code::delivered);
}

TEST_F(SocketModeTest, TooManyLeavesOneConnection) {
  good();
  begin();
  hello(host.websocket());
  host.websocket().push_text(disconnect("too_many_websockets"));
  host.run();
  EXPECT_EQ(connections(), 1);
  EXPECT_EQ(host.websockets()[0].state(), State::open);
  EXPECT_EQ(host.websockets()[1].state(), State::closed);
  EXPECT_GE(until_asked(3), minutes(5)) << "the spare session backs off";
  hello(host.websocket());
  EXPECT_EQ(connections(), 2);
}

TEST_F(SocketModeTest, TooManyAfterHelloIsNotTriedAgainAtOnce) {
  good();
  begin();
  hello(host.websocket());
  hello(host.websocket());
  for (FakeWebSocket& socket : host.websockets()) {
    socket.push_text(disconnect("too_many_websockets"));
    socket.close();
  }
  host.run();
  EXPECT_GE(until_asked(3), seconds(15)) << "the first session";
  hello(host.websocket());
  EXPECT_GE(until_asked(4), minutes(4)) << "the spare session";
}

TEST_F(SocketModeTest, AGatewayThatTakesNoMoreRequestsForAWhile) {
  serve();
  host.advance(minutes(1));
  host.hold_responses(true);
  host.websockets()[0].drop(HttpError::closed);
  host.advance(seconds(2));
  host.refuse_requests(true);
  host.hold_responses(false);  // the URL arrives, but no WebSocket can be opened
  host.run();
  EXPECT_EQ(connections(), 1);
  EXPECT_TRUE(host.logged("the WebSocket to Slack failed: the gateway accepts no more requests from this sink"));
  host.refuse_requests(false);
  host.advance(minutes(10));
  EXPECT_THAT(host.websockets(), SizeIs(2)) << "there was no timer either";
  host.websockets()[1].push_text(click("e"));
  host.run();
  host.advance(seconds(3));
  ASSERT_THAT(host.websockets(), SizeIs(3));
  hello(host.websocket());
  EXPECT_EQ(connections(), 2);
}

TEST_F(SocketModeTest, SwitchedOff) {
  serve();
  for (FakeWebSocket& socket : host.websockets()) {
    socket.push_text(disconnect("link_disabled"));
    socket.close();
  }
  host.run();
  EXPECT_EQ(connections(), 0);
  EXPECT_EQ(errors(), 1U);
  EXPECT_TRUE(host.logged("Socket Mode: it is switched off in Slack: switch it on under Socket Mode"));
  host.advance(minutes(2));
  EXPECT_EQ(asked(), 2U);
  for (const std::size_t count : {3, 4}) {
    EXPECT_LE(until_asked(count), minutes(3)) << "Socket Mode may have been switched on again";
    hello(host.websocket());
  }
  EXPECT_EQ(connections(), 2);
  EXPECT_TRUE(host.logged("Socket Mode: connected again"));
}

TEST_F(SocketModeTest, AnAcknowledgementThatCannotBeSentIsSaid) {
  serve();
  host.websocket().fail_sends(true);
  host.websocket().push_text(click("e"));
  host.run();
  EXPECT_TRUE(host.logged("could not be acknowledged"));
}

TEST_F(SocketModeTest, StopsWithAGoodbye) {
  serve();
  EXPECT_TRUE(host.stop(seconds(0)));
  for (const FakeWebSocket& socket : host.websockets()) {
    ASSERT_TRUE(socket.closed_by_sink());
    EXPECT_EQ(socket.closed_by_sink()->code, 1000U);
  }
  EXPECT_EQ(connections(), 2) << "the gauge belongs to the next instance by now";
}

TEST_F(SocketModeTest, DoesNotWaitLongForAnAnswerToIt) {
  serve();
  host.websocket().ignore_close(true);
  EXPECT_FALSE(host.stop(seconds(0)));
  EXPECT_TRUE(host.stop(seconds(1)));
}

TEST_F(SocketModeTest, StopsWhateverItIsDoing) {
  good();
  host.on_websocket("wss.slack.com", Handshake::hold());
  begin();
  EXPECT_TRUE(host.stop(seconds(0)));
}

TEST_F(SocketModeTest, ButtonsWithoutAnInboundRoute) {
  for (const bool secret : {false, true}) {
    FakeHost other(testkit::load_plugin(std::filesystem::path(std::getenv("BELFRY_BUILD_DIR")) / "plugins/slack.so"));
    json settings = socket_mode_config();
    if (secret) settings["signing_secret"] = "8f742231b10e8888abcd99yyyzzz85a5";
    ASSERT_TRUE(other.configure(settings));
    EXPECT_THAT(other.routes(), IsEmpty()) << "Slack sends no HTTP requests while Socket Mode is on";
    json document = testkit::notification();
    document["items"][0]["actions"] = {{{"label", "View"}, {"url", "https://coder.example.com/x"}}};
    const auto rendered = other.render(document);
    ASSERT_TRUE(rendered);
    EXPECT_THAT(rendered->dump(), HasSubstr(R"("type":"button")"));
  }
}

TEST_F(SocketModeTest, AnEmptyAppTokenIsNone) { EXPECT_FALSE(host.configure({{"bot_token", kBotToken}, {"app_token", ""}})); }

}  // namespace
}  // namespace belfry::slack
