#include "net/client/http_client.hpp"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <random>

#include "core/net/raw_socket.hpp"
#include "core/net/server/server_fixture.hpp"

namespace belfry::net::test {
namespace {

using Result = std::expected<ClientResponse, ClientError>;
using Kind = ClientError::Kind;

class ClientTest : public ServerTest {
 protected:
  void connect_with(ClientTransport transport) {
    auto made = make_http_client(runtime, std::move(transport));
    ASSERT_TRUE(made) << made.error().message;
    client = std::move(*made);
  }
  void SetUp() override { connect_with({}); }

  std::future<Result> send(ClientRequest request) {
    auto promise = std::make_shared<std::promise<Result>>();
    last = client->send(std::move(request), [promise](Result result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }
  static Result result_of(std::future<Result> future) {
    if (future.wait_for(kSoon) != std::future_status::ready) throw std::runtime_error("the handler was not called");
    return future.get();
  }
  Result fetch(ClientRequest request) { return result_of(send(std::move(request))); }

  // Sends the request to a server that sends `answer` and closes.
  Result fetch_answered(const std::string& answer, ClientRequest request = {}) {
    request.url = raw.url();
    auto future = send(std::move(request));
    auto peer = raw.accept();
    peer.read_until("\r\n\r\n");
    peer.send(answer);
    peer.end_sending();
    auto result = result_of(std::move(future));
    return result;
  }
  std::string url(const std::string& path) const { return "http://" + server->addresses()[0] + path; }

  RawListener raw;
  std::unique_ptr<HttpClient> client;
  ClientRequestId last = 0;
};

void expect_error(const Result& result, Kind kind, bool sent) {
  ASSERT_FALSE(result) << "status " << result->status;
  EXPECT_EQ(to_string(result.error().kind), to_string(kind)) << result.error().detail;
  EXPECT_EQ(result.error().request_sent, sent) << result.error().detail;
  EXPECT_FALSE(result.error().detail.empty());
}

TEST_F(ClientTest, SendsWhatItIsGiven) {
  auto future =
      send({.method = "POST",
            .url = raw.url("/a%20b?c=d#fragment"),
            .headers = {{"X-One", "1"}, {"Host", "evil"}, {"content-length", "99"}, {"Transfer-Encoding", "chunked"}, {"X-One", "2"}},
            .body = "body"});
  auto peer = raw.accept();
  const auto head = peer.read_until("\r\n\r\n");
  const auto authority = raw.url("").substr(7);
  EXPECT_EQ(head, "POST /a%20b?c=d HTTP/1.1\r\nHost: " + authority +
                      "\r\nUser-Agent: belfry\r\nX-One: 1\r\nX-One: 2\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(peer.read_exactly(4), "body");
  peer.send("HTTP/1.1 418 Teapot\r\nX-Two: a\r\nx-two: b\r\nContent-Length: 5\r\n\r\nshort");
  const auto result = result_of(std::move(future));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 418);
  EXPECT_EQ(result->headers.get("X-TWO"), "a");
  EXPECT_EQ(result->headers.list().size(), 3U);
  EXPECT_EQ(result->body, "short");
}

TEST_F(ClientTest, UnderstandsEveryWayToEndABody) {
  struct Case {
    const char* name;
    std::string answer, body;
    int status;
  };
  for (const auto& c : std::vector<Case>{
           {"length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", 200},
           {"empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200},
           {"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\nX-Trailer: y\r\n\r\n", "abc", 200},
           {"end", "HTTP/1.1 200 OK\r\n\r\nabc", "abc", 200},
           {"end at once", "HTTP/1.1 200 OK\r\n\r\n", "", 200},
           {"http 1.0", "HTTP/1.0 200 OK\r\n\r\nabc", "abc", 200},
           {"no content", "HTTP/1.1 204 No Content\r\n\r\n", "", 204},
           {"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "", 304},
           {"no reason", "HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nabc", "abc", 200},
           {"interim answers",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            "abc", 200},
           {"redirect", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "", 302},
       }) {
    SCOPED_TRACE(c.name);
    const auto result = fetch_answered(c.answer);
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->status, c.status);
    EXPECT_EQ(result->body, c.body);
    EXPECT_FALSE(result->headers.get("X-Trailer"));
  }
  const auto head = fetch_answered("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n", {.method = "HEAD"});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->body, "");
}

TEST_F(ClientTest, RefusesBadAnswers) {
  struct Case {
    const char* name;
    std::string answer;
    Kind kind;
  };
  for (const auto& c : std::vector<Case>{
           {"nothing", "", Kind::closed},
           {"half a status line", "HTTP/1.1 2", Kind::closed},
           {"half a header", "HTTP/1.1 200 OK\r\nContent-Len", Kind::closed},
           {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", Kind::closed},
           {"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nabc", Kind::closed},
           {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Kind::closed},
           {"only an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", Kind::closed},
           {"not http", "SSH-2.0-OpenSSH_9.2\r\n", Kind::bad_response},
           {"http 2", "HTTP/2.0 200 OK\r\n\r\n", Kind::bad_response},
           {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", Kind::bad_response},
           {"bad length", "HTTP/1.1 200 OK\r\nContent-Length: three\r\n\r\nabc", Kind::bad_response},
           {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", Kind::bad_response},
           {"length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            Kind::bad_response},
           {"unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", Kind::bad_response},
           {"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Kind::bad_response},
           {"switching protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", Kind::bad_response},
           {"long body announced", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", Kind::too_large},
           {"long body in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\nabcde\r\n0\r\n\r\n",
            Kind::too_large},
           {"long body to the end", "HTTP/1.1 200 OK\r\n\r\n12345678901", Kind::too_large},
           {"long header", "HTTP/1.1 200 OK\r\nA: " + std::string(200'000, 'a') + "\r\n\r\n", Kind::too_large},
       }) {
    SCOPED_TRACE(c.name);
    expect_error(fetch_answered(c.answer, {.method = "POST", .max_response = 10}), c.kind, true);
  }
  ASSERT_TRUE(fetch_answered("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234567890", {.max_response = 10}));
}

TEST_F(ClientTest, RefusesToSendNonsense) {
  const auto good = raw.url();
  struct Case {
    const char* name;
    ClientRequest request;
  };
  for (auto& c : std::vector<Case>{
           {"no url", {.url = ""}},
           {"relative", {.url = "/path"}},
           {"other scheme", {.url = "ftp://x/"}},
           {"no host", {.url = "http:///path"}},
           {"line break in the path", {.url = good + "a\r\nX: y"}},
           {"space in the path", {.url = good + "a b"}},
           {"encoded line break in the host", {.url = "http://a%0d%0ab/"}},
           {"port zero", {.url = "http://127.0.0.1:0/"}},
           {"port too large", {.url = "http://127.0.0.1:65536/"}},
           {"user and password", {.url = "http://user:secret@127.0.0.1/"}},
           {"empty method", {.method = "", .url = good}},
           {"method with a space", {.method = "GET /x", .url = good}},
           {"line break in a header", {.url = good, .headers = {{"A", "b\r\nC: d"}}}},
           {"line feed in a header", {.url = good, .headers = {{"A", "b\nC: d"}}}},
           {"null in a header", {.url = good, .headers = {{"A", std::string(1, '\0')}}}},
           {"line break in a header name", {.url = good, .headers = {{"A: b\r\nC", "d"}}}},
           {"empty header name", {.url = good, .headers = {{"", "d"}}}},
       }) {
    SCOPED_TRACE(c.name);
    const auto result = fetch(std::move(c.request));
    expect_error(result, Kind::invalid_url, false);
    EXPECT_EQ(result.error().detail.find("secret"), std::string::npos);
  }
  EXPECT_FALSE(raw.pending());
}

TEST_F(ClientTest, UsesAConnectionAgain) {
  start();
  std::string from;
  for (int i = 0; i < 3; ++i) {
    const auto result = fetch({.url = url("/show")});
    ASSERT_TRUE(result);
    const auto line = result->body.substr(0, result->body.find('\n'));
    EXPECT_EQ(i == 0 ? from = line : from, line);
  }
  const auto closing = fetch({.url = url("/close")});
  ASSERT_TRUE(closing);
  const auto after = fetch({.url = url("/show")});
  ASSERT_TRUE(after);
  EXPECT_NE(after->body.substr(0, after->body.find('\n')), from);
}

TEST_F(ClientTest, LargeBodiesBothWays) {
  start();
  const std::string body(5 << 20, 'b');
  const auto result = fetch({.method = "POST", .url = url("/big"), .body = body, .max_response = body.size()});
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(result->body, body);
}

TEST_F(ClientTest, SeesTheRefusalOfABodyItIsStillSending) {
  start();
  for (int i = 0; i < 10; ++i) {
    const auto result = fetch({.method = "POST", .url = url("/echo"), .body = std::string(20 << 20, 'b')});
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->status, 413);
  }
}

// The server closes an idle connection: the next request uses a new one, whatever its method.
TEST_F(ClientTest, ReplacesAConnectionThatWasClosedWhileIdle) {
  for (const bool by_reset : {false, true}) {
    auto first = send({.url = raw.url()});
    auto peer = raw.accept();
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(result_of(std::move(first)));
    by_reset ? peer.reset() : void(RawSocket(std::move(peer)));

    auto second = send({.method = "POST", .url = raw.url(), .body = "x"});
    auto other = raw.accept();
    other.read_until("\r\n\r\nx");
    other.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(result_of(std::move(second)));
  }
}

TEST_F(ClientTest, DoesNotUseAConnectionThatSpokeOutOfTurn) {
  auto first = send({.url = raw.url()});
  auto peer = raw.accept();
  peer.read_until("\r\n\r\n");
  peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned");
  ASSERT_TRUE(result_of(std::move(first)));
  auto second = send({.url = raw.url()});
  auto other = raw.accept();
  other.read_until("\r\n\r\n");
  other.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
  EXPECT_EQ(result_of(std::move(second))->body, "good");
}

// The request was sent on a reused connection, and the server closes it without a response. It may have acted on the request.
TEST_F(ClientTest, RepeatsOnlyWhatIsSafeToRepeat) {
  for (const auto* method : {"POST", "DELETE", "GET", "HEAD"}) {
    SCOPED_TRACE(method);
    auto first = send({.url = raw.url()});
    auto peer = std::make_optional(raw.accept());
    peer->read_until("\r\n\r\n");
    peer->send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(result_of(std::move(first)));

    auto second = send({.method = method, .url = raw.url()});
    peer->read_until("\r\n\r\n");
    peer.reset();
    const bool safe = method == std::string("GET") || method == std::string("HEAD");
    if (!safe) {
      expect_error(result_of(std::move(second)), Kind::closed, true);
      EXPECT_FALSE(raw.pending());
      continue;
    }
    auto other = raw.accept();
    other.read_until("\r\n\r\n");
    other.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(result_of(std::move(second)));
  }
}

// A request is not repeated after a failure on a new connection: only the caller can decide whether that is safe.
TEST_F(ClientTest, DoesNotRepeatOnANewConnection) {
  expect_error(fetch_answered(""), Kind::closed, true);
  EXPECT_FALSE(raw.pending());
}

TEST_F(ClientTest, TheTimeIsFromSendToTheLastByte) {
  const std::vector<std::string> beginnings = {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"};
  for (const auto& beginning : beginnings) {
    SCOPED_TRACE(beginning);
    auto future = send({.url = raw.url(), .timeout = 100ms});
    auto peer = raw.accept();
    peer.read_until("\r\n\r\n");
    peer.send(beginning);
    expect_error(result_of(std::move(future)), Kind::timeout, true);
    EXPECT_EQ(peer.read_to_end(), "");
  }
  auto trickle = send({.url = raw.url(), .timeout = 200ms});
  auto peer = raw.accept();
  peer.send("HTTP/1.1 200 OK\r\n");
  while (peer.send("A: b\r\n")) std::this_thread::yield();
  ASSERT_FALSE(result_of(std::move(trickle)));
}

TEST_F(ClientTest, APeerThatDoesNotReadEndsTheTimeToo) {
  auto future = send({.method = "POST", .url = raw.url(), .body = std::string(16 << 20, 'b'), .timeout = 500ms});
  auto peer = raw.accept();
  expect_error(result_of(std::move(future)), Kind::timeout, true);
}

TEST_F(ClientTest, SaysWhereItFailed) {
  std::string closed_port;
  {
    const RawListener gone;
    closed_port = gone.url();
  }
  const auto refused = fetch({.url = closed_port});
  expect_error(refused, Kind::connect, false);
  EXPECT_NE(refused.error().detail.find("127.0.0.1:"), std::string::npos) << refused.error().detail;
  expect_error(fetch({.url = "http://no-such-host.invalid/"}), Kind::resolve, false);
}

TEST_F(ClientTest, TriesEveryAddress) {
  // localhost usually resolves to ::1 and 127.0.0.1; the listener has only the second.
  auto future = send({.url = "http://localhost" + raw.url("/").substr(16)});
  auto peer = raw.accept();
  peer.read_until("\r\n\r\n");
  peer.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(result_of(std::move(future)));
}

TEST_F(ClientTest, ConnectingHasItsOwnLimit) {
  connect_with({.connect_timeout = 100ms});
  // The backlog of one is full, so the next connection attempt gets no answer.
  const RawSocket full(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in where = {};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  ASSERT_EQ(::bind(full.fd(), reinterpret_cast<sockaddr*>(&where), size), 0);
  ASSERT_EQ(::listen(full.fd(), 0), 0);
  ::getsockname(full.fd(), reinterpret_cast<sockaddr*>(&where), &size);
  const auto address = "127.0.0.1:" + std::to_string(ntohs(where.sin_port));
  const auto occupant = RawSocket::connect(address);
  expect_error(fetch({.url = "http://" + address, .timeout = 20s}), Kind::connect, false);
  expect_error(fetch({.url = "http://" + address, .timeout = 20ms}), Kind::timeout, false);
}

TEST_F(ClientTest, RequestsWaitInTurnForAConnection) {
  connect_with({.max_connections_per_host = 1});
  std::vector<std::future<Result>> futures;
  for (int i = 0; i < 5; ++i) futures.push_back(send({.url = raw.url("/" + std::to_string(i))}));
  auto peer = raw.accept();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(peer.read_until("\r\n\r\n").starts_with("GET /" + std::to_string(i) + " "));
    EXPECT_FALSE(raw.pending());
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
  }
  for (auto& future : futures) EXPECT_TRUE(result_of(std::move(future)));
}

TEST_F(ClientTest, AFailedConnectionMakesRoomForTheNext) {
  connect_with({.max_connections_per_host = 1});
  auto first = send({.url = raw.url("/1")}), second = send({.url = raw.url("/2")});
  {
    auto peer = raw.accept();
  }
  expect_error(result_of(std::move(first)), Kind::closed, true);
  auto peer = raw.accept();
  peer.read_until("\r\n\r\n");
  peer.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(result_of(std::move(second)));
}

TEST_F(ClientTest, WaitingIsBounded) {
  connect_with({.max_connections_per_host = 1, .max_waiting = 2});
  auto active = send({.url = raw.url()});
  const auto active_id = last;
  auto peer = raw.accept();
  auto cancelled = send({.url = raw.url()});
  const auto cancelled_id = last;
  auto late = send({.url = raw.url(), .timeout = 50ms});
  expect_error(fetch({.url = raw.url()}), Kind::refused, false);
  expect_error(result_of(std::move(late)), Kind::timeout, false);
  client->cancel(cancelled_id);
  expect_error(result_of(std::move(cancelled)), Kind::cancelled, false);
  auto other_host = RawListener();
  auto elsewhere = send({.url = other_host.url()});
  auto other_peer = other_host.accept();
  other_peer.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(result_of(std::move(elsewhere)));
  peer.read_until("\r\n\r\n");
  client->cancel(active_id);
  client->cancel(active_id);
  client->cancel(0);
  client->cancel(999'999);
  expect_error(result_of(std::move(active)), Kind::cancelled, true);
}

TEST_F(ClientTest, IdleConnectionsAreClosed) {
  connect_with({.idle_timeout = 50ms});
  auto future = send({.url = raw.url()});
  auto peer = raw.accept();
  peer.read_until("\r\n\r\n");
  peer.send("HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_TRUE(result_of(std::move(future)));
  EXPECT_EQ(peer.read_to_end(), "");
}

TEST_F(ClientTest, ManyAtOnce) {
  start();
  std::vector<std::future<Result>> futures;
  for (int i = 0; i < 1'000; ++i) futures.push_back(send({.method = "POST", .url = url("/other-thread"), .body = std::to_string(i)}));
  for (int i = 0; i < 1'000; ++i) {
    const auto result = result_of(std::move(futures[static_cast<std::size_t>(i)]));
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->body, std::to_string(i));
  }
}

TEST_F(ClientTest, CancelledAtAnyMomentTheHandlerIsCalledOnce) {
  start();
  connect_with({.max_connections_per_host = 8});
  std::mt19937 random(20'260'123);
  constexpr int kRequests = 2'000;
  std::atomic<int> calls = 0, cancelled = 0;
  std::latch all(kRequests);
  std::vector<ClientRequestId> ids;
  for (int i = 0; i < kRequests; ++i) {
    ids.push_back(client->send({.method = "POST", .url = url("/echo"), .body = "x"}, [&](const Result& result) {
      ++calls;
      if (!result && result.error().kind == Kind::cancelled) ++cancelled;
      EXPECT_TRUE(result || result.error().kind == Kind::cancelled) << result.error().detail;
      all.count_down();
    }));
    client->cancel(ids[random() % ids.size()]);
  }
  all.wait();
  EXPECT_EQ(calls, kRequests);
  EXPECT_GT(cancelled, 0);
  EXPECT_TRUE(fetch({.url = url("/show")}));
}

TEST_F(ClientTest, MayGoWithRequestsOpen) {
  start();
  for (int round = 0; round < 20; ++round) {
    connect_with({.max_connections_per_host = 2});
    std::vector<std::future<Result>> futures;
    for (int i = 0; i < 10; ++i) futures.push_back(send({.url = url(i % 3 ? "/hold" : "/show")}));
    if (round % 2) futures.front().wait();
    client.reset();
    for (auto& future : futures) {
      const auto result = result_of(std::move(future));
      EXPECT_TRUE(result || result.error().kind == Kind::cancelled) << result.error().detail;
    }
  }
}

TEST_F(ClientTest, TheRuntimeMayGoFirst) {
  start();
  auto alive = std::make_shared<int>();
  {
    Runtime own("own", 1, log);
    auto mine = make_http_client(own, {.max_connections_per_host = 1});
    ASSERT_TRUE(mine);
    for (int i = 0; i < 3; ++i) (*mine)->send({.url = url("/hold")}, [alive](const Result&) {});
    wait_for_held(1);
    own.stop();
    EXPECT_TRUE(own.join(kSoon));
    mine->reset();
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(ClientTest, ReachesAServerOnAUnixSocket) {
  const auto socket = std::filesystem::path(directory) / "server.sock";
  start({}, {{"unix:" + socket.string(), {}}});
  const auto result = fetch({.url = "http://localhost/show", .unix_socket = socket});
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_TRUE(result->body.contains("from unix ")) << result->body;
  expect_error(fetch({.url = "http://localhost/show", .unix_socket = socket.string() + ".not-there"}), Kind::connect, false);
  expect_error(fetch({.url = "http://localhost/show", .unix_socket = std::string(200, 'a')}), Kind::invalid_url, false);
}

TEST_F(ClientTest, AHandlerThatThrowsHarmsNobody) {
  start();
  client->send({.url = url("/show")}, [](const Result&) { throw std::runtime_error("no luck here"); });
  wait_for_line("no luck here");
  EXPECT_TRUE(fetch({.url = url("/show")}));
}

TEST(ClientErrorKind, HasANameEach) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Kind::refused); ++i) names.insert(to_string(static_cast<Kind>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Kind::refused) + 1);
}

}  // namespace
}  // namespace belfry::net::test
