// CONNECT: the messages, and the client behind a proxy scripted by the test.
#include "net/client/tunnel.hpp"

#include "core/net/server/server_fixture.hpp"
#include "net/client/http_client.hpp"

namespace belfry::net::test {
namespace {

using Result = std::expected<ClientResponse, ClientError>;
using Kind = ClientError::Kind;

const Origin kSlack{.tls = true, .host = "slack.com", .port = "443", .unix_socket = ""};
const std::string kOk = "HTTP/1.1 200 Connection established\r\n\r\n";

TEST(ConnectRequest, NamesHostAndPort) {
  EXPECT_EQ(connect_request({"proxy", "1", {}}, kSlack).reveal(),
            "CONNECT slack.com:443 HTTP/1.1\r\nHost: slack.com:443\r\nUser-Agent: belfry\r\n\r\n");
  EXPECT_TRUE(connect_request({"proxy", "1", {}}, {.tls = false, .host = "::1", .port = "80", .unix_socket = ""})
                  .reveal()
                  .starts_with("CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n"));
}

TEST(ConnectRequest, CredentialsAreBasic) {
  struct Case {
    std::string credentials, encoded;
  };
  for (const auto& c : std::vector<Case>{
           {"Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},  // RFC 7617
           {"a:", "YTo="},
           {"ab:c", "YWI6Yw=="},
           {"a:\r\nX: y", "YToNClg6IHk="},
       }) {
    const auto text = connect_request({"proxy", "1", base::Secret(c.credentials)}, kSlack).reveal();
    EXPECT_TRUE(text.ends_with("\r\nProxy-Authorization: Basic " + c.encoded + "\r\n\r\n")) << text;
  }
}

TEST(TunnelAnswer, IsReadWholeOrNotAtAll) {
  struct Case {
    std::string bytes;
    std::optional<TunnelResponse> answer;
  };
  const TunnelResponse no_http{0, true};
  for (const auto& c : std::vector<Case>{
           {"", std::nullopt},
           {"HT", std::nullopt},
           {"HTTP/1.1 200 OK\r\n\r", std::nullopt},
           {"HTTP/1.1 200 OK\r\nVia: x\r\n", std::nullopt},
           {kOk, TunnelResponse{200}},
           {"HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n", TunnelResponse{200}},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", TunnelResponse{200}},
           {"HTTP/1.1 204 \r\n\r\n", TunnelResponse{204}},
           {kOk + "x", TunnelResponse{200, false}},
           {"HTTP/1.1 100 Continue\r\n\r\n", std::nullopt},
           {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nA: b\r\n\r\n" + kOk, TunnelResponse{200}},
           {"HTTP/1.1 101 Switching\r\n\r\n", TunnelResponse{101}},
           {"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\n\r\n", TunnelResponse{407}},
           {"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nNo", TunnelResponse{403, false}},
           {"SSH-2.0-OpenSSH_9.2\r\n", no_http},
           {"\x15\x03\x01", no_http},
           {"HTTP/2 200\r\n\r\n", no_http},
           {"HTTP/1.1 20 OK\r\n\r\n", no_http},
           {"HTTP/1.1 200 OK\r\nbad header\r\n\r\n", no_http},
           {"HTTP/1.1 200 OK\r\n" + std::string(kMaxTunnelResponse, 'a'), no_http},
           {"HTTP/1.1 200 OK\r\nA: " + std::string(kMaxTunnelResponse, 'a') + "\r\n\r\n", no_http},
       }) {
    const auto answer = parse_tunnel_response(c.bytes);
    ASSERT_EQ(answer.has_value(), c.answer.has_value()) << c.bytes;
    if (!answer) continue;
    EXPECT_EQ(answer->status, c.answer->status) << c.bytes;
    EXPECT_EQ(answer->is_open(), c.answer->is_open()) << c.bytes;
  }
}

class TunnelTest : public ServerTest {
 protected:
  void SetUp() override { connect_with({}); }
  void connect_with(ClientTransport transport, const std::string& credentials = "") {
    const auto url = proxy.url("");
    Proxy at{"127.0.0.1", url.substr(url.rfind(':') + 1), base::Secret(credentials)};
    name = at.text();
    transport.proxies = {at, at, "direct.test,127.0.0.2"};
    auto made = make_http_client(runtime, std::move(transport));
    ASSERT_TRUE(made) << made.error().message;
    client = std::move(*made);
  }
  std::future<Result> send(ClientRequest request) {
    auto promise = std::make_shared<std::promise<Result>>();
    last = client->send(std::move(request), [promise](Result result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }
  static Result result_of(std::future<Result> future) {
    if (future.wait_for(kSoon) != std::future_status::ready) throw std::runtime_error("the handler was not called");
    return future.get();
  }
  static void expect_error(const Result& result, const std::string& detail) {
    ASSERT_FALSE(result) << "status " << result->status;
    EXPECT_EQ(to_string(result.error().kind), "connect");
    EXPECT_FALSE(result.error().request_sent);
    EXPECT_EQ(result.error().detail, detail);
  }

  RawListener proxy;
  std::string name;
  std::unique_ptr<HttpClient> client;
  ClientRequestId last = 0;
};

TEST_F(TunnelTest, OneTunnelCarriesOneRequestAfterTheOther) {
  connect_with({}, "user:secret");
  auto first = send({.url = "http://service.test/one"});
  auto peer = proxy.accept();
  EXPECT_EQ(peer.read_until("\r\n\r\n"),
            "CONNECT service.test:80 HTTP/1.1\r\nHost: service.test:80\r\nUser-Agent: belfry\r\nProxy-Authorization: Basic "
            "dXNlcjpzZWNyZXQ=\r\n\r\n");
  peer.send_byte_by_byte(kOk);
  for (const auto* path : {"/one", "/two"}) {
    auto future = path == std::string("/one") ? std::move(first) : send({.url = std::string("http://service.test") + path});
    const auto head = peer.read_until("\r\n\r\n");
    EXPECT_TRUE(head.starts_with("GET " + std::string(path) + " HTTP/1.1\r\nHost: service.test\r\n")) << head;
    EXPECT_EQ(head.find("Proxy-Authorization"), std::string::npos) << "the server must not see it";
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    const auto result = result_of(std::move(future));
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->body, "ok");
  }
  EXPECT_FALSE(proxy.pending());
}

TEST_F(TunnelTest, SaysWhatTheProxyDid) {
  struct Case {
    std::string answer, credentials, after;
  };
  for (const auto& c : std::vector<Case>{
           {"HTTP/1.1 407 Auth\r\nContent-Length: 100\r\n\r\n", "",
            " refused the connection to service.test:443: 407; it requires a user name and password"},
           {"HTTP/1.1 407 Auth\r\n\r\n", "user:s3cret",
            " refused the connection to service.test:443: 407; it rejected the user name and password"},
           {"HTTP/1.1 401 Auth\r\n\r\n", "user:s3cret",
            " refused the connection to service.test:443: 401; it rejected the user name and password"},
           {"HTTP/1.0 403 Forbidden\r\n\r\nno", "user:s3cret", " refused the connection to service.test:443: 403"},
           {"HTTP/1.1 502 Bad\r\n\r\n", "", " refused the connection to service.test:443: 502"},
           {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", "", " refused the connection to service.test:443: 302"},
           {"HTTP/1.1 101 Switching\r\n\r\n", "", " refused the connection to service.test:443: 101"},
           {"SSH-2.0-OpenSSH_9.2\r\n", "", " does not speak HTTP"},
           {kOk + "220 mail", "", " sent data after its response"},
           {"", "user:s3cret", " closed the connection before its response was complete"},
           {"HTTP/1.1 200 OK\r\nVia", "", " closed the connection before its response was complete"},
       }) {
    SCOPED_TRACE(c.answer);
    connect_with({}, c.credentials);
    auto future = send({.method = "POST", .url = "https://service.test/"});
    auto peer = proxy.accept();
    peer.read_until("\r\n\r\n");
    peer.send(c.answer);
    peer.end_sending();
    expect_error(result_of(std::move(future)), "the proxy " + name + c.after);
  }
}

TEST_F(TunnelTest, AProxyThatIsNotThereIsNamed) {
  std::string port;
  {
    const RawListener gone;
    port = gone.url("").substr(gone.url("").rfind(':') + 1);
  }
  ClientTransport transport;
  transport.proxies.https = Proxy{"127.0.0.1", port, {}};
  transport.proxies.http = Proxy{"no-such-proxy.invalid", "3128", {}};
  client = *make_http_client(runtime, std::move(transport));
  expect_error(result_of(send({.url = "https://service.test/"})),
               "cannot connect to the proxy http://127.0.0.1:" + port + ": Connection refused");
  const auto unknown = result_of(send({.url = "http://service.test/"}));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(to_string(unknown.error().kind), "resolve");
  EXPECT_TRUE(unknown.error().detail.starts_with("cannot resolve the proxy http://no-such-proxy.invalid:3128: ")) << unknown.error().detail;
}

TEST_F(TunnelTest, ASilentProxyIsGivenUp) {
  connect_with({.connect_timeout = 200ms});
  auto future = send({.url = "https://service.test/"});
  auto peer = proxy.accept();
  peer.read_until("\r\n\r\n");
  expect_error(result_of(std::move(future)), "the proxy " + name + " did not answer in time");
}

TEST_F(TunnelTest, AWaitForTheProxyCanBeCancelled) {
  auto future = send({.url = "https://service.test/"});
  auto peer = proxy.accept();
  peer.read_until("\r\n\r\n");
  client->cancel(last);
  const auto result = result_of(std::move(future));
  ASSERT_FALSE(result);
  EXPECT_EQ(to_string(result.error().kind), "cancelled");
  EXPECT_EQ(peer.read_to_end(), "");
}

TEST_F(TunnelTest, NothingThatTheProxySaysPassesForTheServer) {
  auto future = send({.url = "https://service.test/"});
  auto peer = proxy.accept();
  peer.read_until("\r\n\r\n");
  peer.send(kOk);
  peer.read_exactly(5);  // of a ClientHello
  peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  peer.end_sending();
  const auto result = result_of(std::move(future));
  ASSERT_FALSE(result);
  EXPECT_EQ(to_string(result.error().kind), "tls");
  EXPECT_TRUE(result.error().detail.starts_with("TLS with service.test:443 through the proxy " + name + " failed: "))
      << result.error().detail;
}

TEST_F(TunnelTest, ExceptionsAndSocketsAreReachedDirectly) {
  start({}, {{"127.0.0.2:0", {}}, {"unix:" + (directory / "s").string(), {}}});
  const auto direct = result_of(send({.url = "http://" + server->addresses()[0] + "/show"}));
  ASSERT_TRUE(direct) << direct.error().detail;
  const auto socket = result_of(send({.url = "http://service.test/show", .unix_socket = directory / "s"}));
  ASSERT_TRUE(socket) << socket.error().detail;
  EXPECT_FALSE(proxy.pending());
}

}  // namespace
}  // namespace belfry::net::test
