#include "net/websocket/websocket_client.hpp"

#include <gmock/gmock.h>

#include "core/net/certificates.hpp"
#include "core/net/server/server_fixture.hpp"
#include "core/net/websocket/websocket_peer.hpp"

namespace belfry::net::test {
namespace {

using Event = WebSocketEvent;
using Kind = ClientError::Kind;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class WebSocketTest : public ServerTest {
 protected:
  void connect_with(const ClientTransport& transport) {
    auto made = make_websocket_client(threads, transport);
    ASSERT_TRUE(made) << made.error().message;
    client = std::move(*made);
  }
  void SetUp() override { connect_with({}); }

  std::string url(const std::string& path = "/") const { return "ws" + listener.url(path).substr(4); }
  std::shared_ptr<WebSocket> connect(WebSocketRequest request) {
    return client->connect(std::move(request), [this](Event event) {
      const std::lock_guard lock(events_mutex);
      events.push_back(std::move(event));
      happened.notify_all();
    });
  }
  // The next event; after a timeout, a closed event with "nothing happens".
  Event next() {
    std::unique_lock lock(events_mutex);
    if (!happened.wait_for(lock, kSoon, [&] { return !events.empty(); })) return {.detail = "nothing happens"};
    auto event = std::move(events.front());
    events.pop_front();
    return event;
  }
  std::size_t waiting_events() {
    const std::lock_guard lock(events_mutex);
    return events.size();
  }
  // An open connection that receives up to `messages` messages.
  WebSocketPeer open(WebSocketRequest request = {}, std::uint32_t messages = 1000) {
    request.url = url();
    socket = connect(std::move(request));
    socket->receive(messages);
    WebSocketPeer peer(listener.accept());
    peer.open();
    EXPECT_EQ(next().kind, Event::Kind::open);
    return peer;
  }
  void expect_closed(std::optional<Kind> error, const std::string& detail) {
    const auto event = next();
    ASSERT_EQ(event.kind, Event::Kind::closed) << event.data.substr(0, 100);
    EXPECT_EQ(event.error ? to_string(*event.error) : "none", error ? to_string(*error) : "none") << event.detail;
    EXPECT_THAT(event.detail, HasSubstr(detail));
    EXPECT_EQ(waiting_events(), 0U);
  }

  RawListener listener;
  std::mutex events_mutex;
  std::condition_variable happened;
  std::deque<Event> events;
  Runtime threads{"net", 2, log};  // destroyed before the events
  std::unique_ptr<WebSocketClient> client;
  std::shared_ptr<WebSocket> socket;
};

// ---- The handshake -------------------------------------------------------------------------------------------------------------

TEST_F(WebSocketTest, AsksForWhatItIsGiven) {
  WebSocketRequest request{
      .url = url("/link?ticket=a%20b#fragment"),
      .headers = {{"X-One", "1"}, {"host", "evil"}, {"Sec-WebSocket-Key", "evil"}, {"Upgrade", "evil"}, {"X-One", "2"}}};
  socket = connect(std::move(request));
  WebSocketPeer peer(listener.accept());
  const auto asked = peer.open();
  EXPECT_THAT(asked, StartsWith("GET /link?ticket=a%20b HTTP/1.1\r\nHost: " + url("").substr(5) + "\r\n"));
  EXPECT_THAT(asked, HasSubstr("Sec-WebSocket-Version: 13\r\n"));
  EXPECT_THAT(asked, HasSubstr("User-Agent: belfry\r\n"));
  EXPECT_THAT(asked, HasSubstr("X-One: 1\r\n"));
  EXPECT_THAT(asked, HasSubstr("X-One: 2\r\n"));
  EXPECT_THAT(asked, ::testing::Not(HasSubstr("evil")));
  EXPECT_THAT(asked, ::testing::Not(HasSubstr("Extensions")));
  EXPECT_EQ(next().kind, Event::Kind::open);
}

TEST_F(WebSocketTest, SaysWithWhichStatusItWasRefused) {
  for (const auto* answer : {"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 409 Conflict\r\n\r\nall of it",
                             "HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\nUpgrade: websocket\r\n\r\nnope"}) {
    socket = connect({.url = url()});
    WebSocketPeer peer(listener.accept());
    peer.read_request();
    peer.send(answer);
    peer.socket().end_sending();
    const auto event = next();
    EXPECT_EQ(event.http_status, 409) << event.detail;
    EXPECT_FALSE(event.error);
    EXPECT_THAT(event.detail, HasSubstr("answered 409"));
  }
}

TEST_F(WebSocketTest, FollowsNoRedirect) {
  socket = connect({.url = url()});
  WebSocketPeer peer(listener.accept());
  peer.read_request();
  peer.send("HTTP/1.1 307 Away\r\nLocation: " + url("/other") + "\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(next().http_status, 307);
  peer.read_to_end();
  EXPECT_FALSE(listener.pending());
}

TEST_F(WebSocketTest, RefusesWrongHandshakes) {
  struct Case {
    const char* name;
    std::string answer;  // ACCEPT stands for the correct key
    Kind kind;
  };
  const std::string good = "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
  for (const auto& c : std::vector<Case>{
           {"another key's answer", good + "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", Kind::bad_response},
           {"no accept", "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", Kind::bad_response},
           {"another upgrade", "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n",
            Kind::bad_response},
           {"no connection", "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n", Kind::bad_response},
           {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", Kind::bad_response},
           {"nothing", "", Kind::closed},
           {"half an answer", good, Kind::closed},
           {"an endless header", "HTTP/1.1 101 Switching\r\nX: " + std::string(100'000, 'x'), Kind::bad_response},
       }) {
    SCOPED_TRACE(c.name);
    socket = connect({.url = url()});
    WebSocketPeer peer(listener.accept());
    auto answer = c.answer;
    const auto accept = accept_of(peer.read_request());
    if (const auto at = answer.find("ACCEPT"); at != std::string::npos) answer.replace(at, 6, accept);
    peer.send(answer);
    peer.socket().end_sending();
    expect_closed(c.kind, url("").substr(5));
    peer.read_to_end();
  }
}

TEST_F(WebSocketTest, RefusesWrongRequests) {
  for (const auto* wrong : {"", "ws:", "http://127.0.0.1/", "https://127.0.0.1/", "wss//127.0.0.1", "ws://", "ws://user@127.0.0.1/",
                            "ws://127.0.0.1:99999/", "127.0.0.1"}) {
    SCOPED_TRACE(wrong);
    socket = connect({.url = wrong});
    expect_closed(Kind::invalid_url, "");
  }
  socket = connect({.url = url(), .headers = {{"X-One", "1\r\nX-Two: 2"}}});
  expect_closed(Kind::invalid_url, "a header");
}

TEST_F(WebSocketTest, SaysThatNobodyListens) {
  const auto gone = [] { return "ws" + RawListener().url().substr(4); }();
  socket = connect({.url = gone});
  expect_closed(Kind::connect, "cannot connect to 127.0.0.1:");
}

TEST_F(WebSocketTest, GivesUpAHandshakeThatIsNotAnswered) {
  socket = connect({.url = url(), .timeout = 50ms});
  WebSocketPeer peer(listener.accept());
  expect_closed(Kind::timeout, "did not open in time");
  peer.read_to_end();
}

TEST_F(WebSocketTest, IsClosedDuringTheHandshake) {
  socket = connect({.url = url()});
  WebSocketPeer peer(listener.accept());
  peer.read_request();
  EXPECT_FALSE(socket->send_text("early"));
  socket->close(1000, "");
  socket->close(1000, "");
  expect_closed(Kind::cancelled, "before the WebSocket opened");
  peer.read_to_end();
  EXPECT_FALSE(socket->send_text("late"));
}

TEST_F(WebSocketTest, TakesFramesThatCameWithTheHandshake) {
  socket = connect({.url = url()});
  socket->receive(1);
  WebSocketPeer peer(listener.accept());
  peer.send(switching(peer.read_request()) + frame(kText, "first") + close_frame(1000));
  EXPECT_EQ(next().kind, Event::Kind::open);
  EXPECT_EQ(next().data, "first");
  socket->receive(1);
  EXPECT_EQ(next().close_code, 1000);
}

// ---- Messages ------------------------------------------------------------------------------------------------------------------

TEST_F(WebSocketTest, CarriesMessagesBothWays) {
  auto peer = open();
  peer.send(frame(kText, "gr\xC3\xBC\xC3\x9F") + frame(kBinary, std::string("\0\xFF", 2)) + frame(kText, ""));
  const auto text = next();
  EXPECT_EQ(text.kind, Event::Kind::text);
  EXPECT_EQ(text.data, "gr\xC3\xBC\xC3\x9F");
  const auto binary = next();
  EXPECT_EQ(binary.kind, Event::Kind::binary);
  EXPECT_EQ(binary.data, std::string("\0\xFF", 2));
  const auto empty = next();
  EXPECT_EQ(empty.kind, Event::Kind::text);
  EXPECT_EQ(empty.data, "");
  const std::vector<std::string> said{"one", "", std::string(500'000, 'x'), "four"};
  for (const auto& words : said) EXPECT_TRUE(socket->send_text(words));
  for (const auto& words : said) {
    const auto got = peer.read_frame();
    EXPECT_EQ(got.opcode, kText);
    EXPECT_TRUE(got.final);
    EXPECT_TRUE(got.masked);
    EXPECT_EQ(got.payload, words);
  }
}

TEST_F(WebSocketTest, JoinsFragmentsAndAnswersPingsBetweenThem) {
  auto peer = open();
  std::string whole;
  for (int i = 0; i < 10; ++i) {
    const std::string part(20'000, static_cast<char>('a' + i));
    whole += part;
    peer.send(frame(i == 0 ? kText : kContinuation, part, i == 9) + frame(kPing, std::to_string(i)));
  }
  const auto event = next();
  EXPECT_EQ(event.kind, Event::Kind::text);
  EXPECT_EQ(event.data, whole);
  for (int i = 0; i < 10; ++i) {
    const auto pong = peer.read_frame();
    EXPECT_EQ(pong.opcode, kPong);
    EXPECT_EQ(pong.payload, std::to_string(i));
  }
}

TEST_F(WebSocketTest, TakesAMessageByteByByte) {
  auto peer = open();
  peer.socket().send_byte_by_byte(frame(kText, std::string(300, 'x')) + close_frame(1000, "bye"));
  EXPECT_EQ(next().data, std::string(300, 'x'));
  EXPECT_EQ(next().data, "bye");
}

TEST_F(WebSocketTest, GivesNoMoreThanWasAskedFor) {
  auto peer = open({}, 2);
  for (const auto* words : {"a", "b", "c", "d"}) peer.send(frame(kText, words));
  EXPECT_EQ(next().data, "a");
  EXPECT_EQ(next().data, "b");
  // After a round trip, the third message would have arrived if it had been read.
  ASSERT_TRUE(socket->send_text("are you there?"));
  EXPECT_EQ(peer.read_said().payload, "are you there?");
  EXPECT_EQ(waiting_events(), 0U);
  socket->receive(1);
  EXPECT_EQ(next().data, "c");
  socket->receive(1);
  EXPECT_EQ(next().data, "d");
}

TEST_F(WebSocketTest, RefusesMessagesOverTheLimit) {
  std::string claims(1, '\x82');
  claims.push_back(127);
  claims += std::string("\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
  for (const auto& bytes : {frame(kText, std::string(1001, 'x')),
                            frame(kText, std::string(600, 'x'), false) + frame(kContinuation, std::string(600, 'x')), claims}) {
    auto peer = open({.max_message = 1000});
    peer.send(bytes);
    expect_closed(Kind::too_large, "more than 1000 bytes");
    EXPECT_EQ(peer.read_close(), "1009 ");
    peer.read_to_end();
  }
  auto peer = open({.max_message = 1000});
  peer.send(frame(kText, std::string(1000, 'x')));
  EXPECT_EQ(next().data.size(), 1000U);
}

TEST_F(WebSocketTest, RefusesWhatIsNoWebSocket) {
  struct Case {
    const char* name;
    std::string bytes, close;
  };
  for (const auto& c : std::vector<Case>{
           {"a reserved flag", raw_frame(0xC1, "x"), "1002 "},
           {"an unknown kind of message", raw_frame(0x83, "x"), "1002 "},
           {"an unknown kind of control frame", raw_frame(0x8B, "x"), "1002 "},
           {"a masked frame", std::string("\x81\x81\x01\x02\x03\x04\x79", 7), "1002 "},
           {"a continuation of nothing", frame(kContinuation, "x"), "1002 "},
           {"a message within a message", frame(kText, "x", false) + frame(kText, "y"), "1002 "},
           {"a control frame in pieces", frame(kPing, "x", false), "1002 "},
           {"a large control frame", frame(kPing, std::string(126, 'x')), "1002 "},
           {"a length in more bytes than it needs", std::string("\x81\x7E\x00\x01x", 5), "1002 "},
           {"text that is not UTF-8", frame(kText, "a\xFF"), "1007 "},
           {"text that ends in the middle of a character", frame(kText, "a\xC3"), "1007 "},
           {"a close of one byte", frame(kClose, "x"), "1002 "},
           {"a close with a code of nobody", close_frame(1005), "1002 "},
           {"a close with a reason that is not UTF-8", close_frame(1000, "\xFF"), "1002 "},
       }) {
    SCOPED_TRACE(c.name);
    auto peer = open();
    peer.send(c.bytes);
    expect_closed(Kind::bad_response, "violated the WebSocket protocol");
    EXPECT_EQ(peer.read_close(), c.close);
    peer.read_to_end();
  }
}

TEST_F(WebSocketTest, BoundsWhatWaitsToGoOut) {
  auto peer = open({.max_message = 1'000'000});
  EXPECT_FALSE(socket->send_text(std::string(1'000'001, 'x')));
  // The peer reads nothing: the kernel's buffers fill first, then ours.
  const std::string words(10'000, 'x');
  std::size_t taken = 0;
  for (std::size_t refused = 0; refused < 100 && taken < 10'000; ++taken) {
    for (refused = 0; refused < 100 && !socket->send_text(words); ++refused) std::this_thread::yield();
  }
  ASSERT_LT(taken, 10'000U);
  std::size_t empty = 0;
  while (empty < 100'000 && socket->send_text("")) ++empty;
  ASSERT_LT(empty, 100'000U);
  for (std::size_t i = 0; i + 1 < taken; ++i) ASSERT_EQ(peer.read_said().payload.size(), words.size());
}

// ---- Liveness ------------------------------------------------------------------------------------------------------------------

TEST_F(WebSocketTest, StaysWhileItsPingsAreAnswered) {
  auto peer = open({.ping_interval = 5ms});
  for (int i = 0; i < 10; ++i) {
    const auto ping = peer.read_frame();
    ASSERT_EQ(ping.opcode, kPing);
    peer.send(frame(kPong, ping.payload));
  }
  peer.send(frame(kText, "still here"));
  EXPECT_EQ(next().data, "still here");
}

TEST_F(WebSocketTest, GivesUpAPeerThatAnswersNoPing) {
  auto peer = open({.ping_interval = 5ms, .pong_timeout = 30ms});
  expect_closed(Kind::timeout, "did not answer a ping");
  peer.read_to_end();
}

TEST_F(WebSocketTest, GivesUpAPeerThatOnlyAnswersPings) {
  auto peer = open({.ping_interval = 5ms, .idle_timeout = 100ms});
  while (waiting_events() == 0) {
    Frame ping;
    try {
      ping = peer.read_frame();
    } catch (const std::exception&) {
      break;
    }
    peer.send(frame(kPong, ping.payload));
  }
  expect_closed(Kind::timeout, "sent nothing for too long");
}

// No message has been requested, so nothing is read, not even the pong.
TEST_F(WebSocketTest, HoldsNothingAgainstAPeerThatIsNotRead) {
  auto peer = open({.ping_interval = 5ms, .pong_timeout = 20s, .idle_timeout = 10ms}, 0);
  ASSERT_EQ(peer.read_frame().opcode, kPing);
  ASSERT_TRUE(socket->send_text("a"));
  EXPECT_EQ(peer.read_said().payload, "a");
  EXPECT_EQ(waiting_events(), 0U);
}

// ---- Closing -------------------------------------------------------------------------------------------------------------------

TEST_F(WebSocketTest, SaysWhyThePeerClosed) {
  struct Case {
    std::string bytes;
    int code;
    std::string reason, echo;
  };
  for (const auto& c : std::vector<Case>{{close_frame(1000), 1000, "", "1000 "},
                                         {close_frame(1001, "going away"), 1001, "going away", "1001 "},
                                         {close_frame(4001, std::string(123, 'r')), 4001, std::string(123, 'r'), "4001 "},
                                         {frame(kClose, ""), 1005, "", "1000 "}}) {
    auto peer = open();
    peer.send(frame(kText, "last words") + c.bytes + frame(kText, "beyond"));
    EXPECT_EQ(next().data, "last words");
    const auto event = next();
    EXPECT_EQ(event.kind, Event::Kind::closed);
    EXPECT_EQ(event.close_code, c.code);
    EXPECT_EQ(event.data, c.reason);
    EXPECT_FALSE(event.error) << event.detail;
    EXPECT_EQ(event.detail, "");
    EXPECT_EQ(peer.read_close(), c.echo);
    peer.read_to_end();
    EXPECT_FALSE(socket->send_text("too late"));
    EXPECT_EQ(waiting_events(), 0U);
  }
}

TEST_F(WebSocketTest, ClosesAfterWhatWaits) {
  auto peer = open();
  EXPECT_TRUE(socket->send_text("one"));
  EXPECT_TRUE(socket->send_text("two"));
  socket->close(4000, "enough");
  EXPECT_FALSE(socket->send_text("three"));
  EXPECT_EQ(peer.read_said().payload, "one");
  EXPECT_EQ(peer.read_said().payload, "two");
  EXPECT_EQ(peer.read_close(), "4000 enough");
  peer.send(frame(kText, "dropped") + frame(kPing, "dropped") + close_frame(4000));
  const auto event = next();
  EXPECT_EQ(event.kind, Event::Kind::closed);
  EXPECT_EQ(event.close_code, 4000);
  EXPECT_FALSE(event.error) << event.detail;
  peer.read_to_end();
}

TEST_F(WebSocketTest, ClosesAConnectionThatIsNotRead) {
  auto peer = open({}, 0);
  socket->close(1000, "");
  EXPECT_EQ(peer.read_close(), "1000 ");
  peer.send(frame(kText, std::string(100'000, 'x')) + close_frame(1000));
  EXPECT_EQ(next().close_code, 1000);
}

TEST_F(WebSocketTest, ClosesInTheMiddleOfAMessage) {
  auto peer = open();
  peer.send(frame(kText, std::string(1000, 'x')).substr(0, 500));
  peer.send("");
  ASSERT_TRUE(socket->send_text("a"));
  EXPECT_EQ(peer.read_said().payload, "a");
  socket->close(1000, "");
  peer.send(std::string(504, 'x') + close_frame(1000, "done"));
  EXPECT_EQ(next().data, "done");
}

TEST_F(WebSocketTest, BothCloseAtOnce) {
  for (int i = 0; i < 20; ++i) {
    auto peer = open();
    peer.send(close_frame(1001));
    socket->close(1000, "");
    const auto event = next();
    EXPECT_EQ(event.close_code, 1001) << event.detail;
    EXPECT_FALSE(event.error);
    peer.read_to_end();
  }
}

TEST_F(WebSocketTest, FindsGarbageWhileItCloses) {
  for (int i = 0; i < 20; ++i) {
    auto peer = open({.close_timeout = 50ms});
    peer.send(raw_frame(0x8E, "x"));
    socket->close(1000, "");
    EXPECT_TRUE(next().error);
    peer.read_to_end();
  }
}

TEST_F(WebSocketTest, GivesUpAPeerThatDoesNotAnswerTheClose) {
  auto peer = open({.close_timeout = 50ms});
  socket->close(1000, "");
  expect_closed(Kind::timeout, "did not answer the close");
  peer.read_to_end();
}

TEST_F(WebSocketTest, SaysThatThePeerHasGone) {
  {
    auto peer = open();
  }
  expect_closed(Kind::closed, "ended the connection");
  {
    auto peer = open();
    peer.send(frame(kText, "half a message", false));
    peer.socket().reset();
  }
  expect_closed(Kind::closed, "ended the connection");
  {
    auto peer = open();
    socket->close(1000, "");
    peer.read_close();
  }
  expect_closed(Kind::closed, "ended the connection");
}

TEST_F(WebSocketTest, LivesOnWhenItIsLetGo) {
  auto peer = open();
  socket.reset();
  client.reset();
  peer.send(frame(kText, "a") + close_frame(1000));
  EXPECT_EQ(next().data, "a");
  EXPECT_EQ(next().close_code, 1000);
}

TEST_F(WebSocketTest, TheRuntimeMayGoAtAnyTime) {
  auto own = std::make_optional<Runtime>("own", 1, log);
  auto mine = make_websocket_client(*own, {});
  ASSERT_TRUE(mine);
  std::vector<std::shared_ptr<WebSocket>> sockets;
  for (int i = 0; i < 3; ++i) sockets.push_back((*mine)->connect({.url = url()}, [](const Event&) {}));
  WebSocketPeer open(listener.accept());
  open.open();
  const WebSocketPeer connecting(listener.accept());
  own->stop();
  EXPECT_TRUE(own->join(kSoon));
  mine->reset();
  sockets.clear();
  own.reset();
}

// ---- TLS -----------------------------------------------------------------------------------------------------------------------

class SecureWebSocketTest : public WebSocketTest {
 protected:
  SecureWebSocketTest() : context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    SSL_CTX_use_certificate_chain_file(context.get(), file("server.crt").c_str());
    SSL_CTX_use_PrivateKey_file(context.get(), file("server.key").c_str(), SSL_FILETYPE_PEM);
  }
  static std::filesystem::path file(const std::string& name) { return Certificates::get().file(name); }
  std::string secure_url() const { return "wss" + listener.url().substr(4); }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context;
};

TEST_F(SecureWebSocketTest, CarriesMessages) {
  connect_with({.ca_file = file("ca.crt")});
  socket = connect({.url = secure_url(), .ping_interval = 1ms});
  socket->receive(1000);
  WebSocketPeer peer(listener.accept(), context.get());
  ASSERT_TRUE(peer.is_good());
  peer.open();
  EXPECT_EQ(next().kind, Event::Kind::open);
  const std::string large(300'000, 'x');
  for (int i = 0; i < 5; ++i) {
    peer.send(frame(kText, large));
    EXPECT_EQ(next().data, large);
    ASSERT_TRUE(socket->send_text(large));
    EXPECT_EQ(peer.read_said().payload, large);
  }
  socket->close(1000, "");
  EXPECT_EQ(peer.read_close(), "1000 ");
  peer.send(close_frame(1000));
  EXPECT_EQ(next().close_code, 1000);
  peer.read_to_end();
}

TEST_F(SecureWebSocketTest, RefusesAServerItCannotVerify) {
  connect_with({.ca_file = file("stranger.crt")});
  socket = connect({.url = secure_url()});
  const WebSocketPeer peer(listener.accept(), context.get());
  expect_closed(Kind::tls, "TLS with 127.0.0.1:");
}

TEST_F(SecureWebSocketTest, ShowsItsCertificateToAServerThatAsks) {
  SSL_CTX_load_verify_locations(context.get(), file("ca.crt").c_str(), nullptr);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  connect_with({.ca_file = file("ca.crt"), .client_certificate = file("client.crt"), .client_key = file("client.key")});
  socket = connect({.url = secure_url()});
  WebSocketPeer peer(listener.accept(), context.get());
  ASSERT_TRUE(peer.is_good());
  peer.open();
  EXPECT_EQ(next().kind, Event::Kind::open);
}

TEST_F(SecureWebSocketTest, IsTurnedAwayWithoutTheCertificateThatAServerAsksFor) {
  SSL_CTX_load_verify_locations(context.get(), file("ca.crt").c_str(), nullptr);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  connect_with({.ca_file = file("ca.crt")});
  socket = connect({.url = secure_url()});
  const WebSocketPeer peer(listener.accept(), context.get());
  EXPECT_FALSE(peer.is_good());
  EXPECT_EQ(next().kind, Event::Kind::closed);
}

TEST_F(SecureWebSocketTest, NamesAFileThatIsMissing) {
  const auto made = make_websocket_client(threads, {.ca_file = "/nonexistent/ca.crt"});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("/nonexistent/ca.crt"));
}

}  // namespace
}  // namespace belfry::net::test
