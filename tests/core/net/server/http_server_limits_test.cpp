// The server at its limits: of connections, of file descriptors, of memory for bodies.
#include <sys/resource.h>

#include "core/net/server/server_fixture.hpp"
#include "net/server/admission.hpp"

namespace belfry::net::test {
namespace {

class ServerRoomTest : public ServerTest {
 protected:
  // A connection that has served one request and stays open.
  RawSocket served() {
    auto socket = connect();
    socket.send(post("/echo", "in"));
    EXPECT_EQ(status_of(socket.read_response()), 200);
    return socket;
  }

  static std::string head_of(std::string_view path, std::size_t length, std::string_view headers = "") {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "Content-Length: " + std::to_string(length) +
           "\r\n\r\n";
  }
};

TEST_F(ServerRoomTest, TheLongestIdleConnectionMakesRoom) {
  start({.max_connections = 2});
  auto first = served();
  auto second = served();
  auto third = served();
  EXPECT_EQ(first.read_to_end(), "");
  second.send(post("/echo", "still here"));
  EXPECT_EQ(body_of(second.read_response()), "still here");
  wait_for_line("too many connections or request bodies at once");
}

TEST_F(ServerRoomTest, NeitherSilenceNorATrickleKeepsNewcomersOut) {
  start({.max_connections = 8});
  const std::vector<std::string> beginnings = {"", "P", "POST /echo HTTP/1.1\r\nHost:", head_of("/echo", 500) + "ab",
                                               "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"};
  std::vector<RawSocket> crowd;
  for (int i = 0; i < 200; ++i) {
    crowd.push_back(connect());
    crowd.back().send(beginnings[static_cast<std::size_t>(i) % beginnings.size()]);
    if (i % 20 != 19) continue;
    EXPECT_EQ(status_of(answer_to(post("/echo", "x", "Connection: close\r\n"))), 200) << i;
  }
}

TEST_F(ServerRoomTest, WhatIsBeingHandledStays) {
  start({.max_connections = 2, .linger_timeout = 300ms});
  auto first = connect(), second = connect();
  for (auto* socket : {&first, &second}) socket->send(get("/hold"));
  wait_for_held(2);
  const auto refusal = answer_to(post("/echo", "one too many"));
  EXPECT_EQ(status_of(refusal), 503);
  EXPECT_NE(refusal.find("Retry-After: "), std::string::npos);
  for (std::size_t i = 0; i < 2; ++i) take_held(i)({.body = "done"});
  EXPECT_EQ(body_of(first.read_response()), "done");
  EXPECT_EQ(body_of(second.read_response()), "done");
}

TEST_F(ServerRoomTest, OneAddressDoesNotTakeEverything) {
  start({.max_connections = 100, .max_connections_per_address = 3}, {{"127.0.0.1:0", {}}, {"unix:" + (directory / "socket").string(), {}}});
  auto local = connect(1);
  std::vector<RawSocket> mine;
  for (int i = 0; i < 4; ++i) mine.push_back(served());
  EXPECT_EQ(mine[0].read_to_end(), "");
  local.send(post("/echo", "a Unix socket has no address"));
  EXPECT_EQ(status_of(local.read_response()), 200);
}

TEST_F(ServerRoomTest, AFirstRequestHasLessTimeThanAConnectionThatWasUsed) {
  start({.first_request_timeout = 200ms, .idle_timeout = 20s});
  auto used = served();
  EXPECT_EQ(answer_to(""), "");
  EXPECT_EQ(status_of(answer_to("POST /echo HTTP/1.1\r\nHost:")), 408);
  used.send(post("/echo", "later"));
  EXPECT_EQ(body_of(used.read_response()), "later");
}

TEST_F(ServerRoomTest, AFirstRequestHasLessTimeWhileHalfOfTheConnectionsAreOpen) {
  start({.max_connections = 8, .first_request_timeout = 60s, .crowded_first_request_timeout = 200ms});
  auto early = connect();
  std::vector<RawSocket> used;
  for (int i = 0; i < 3; ++i) used.push_back(served());
  EXPECT_EQ(answer_to(""), "");
  EXPECT_EQ(status_of(answer_to("POST /echo HTTP/1.1\r\nHost:")), 408);
  for (auto* socket : {&early, &used[0]}) {
    socket->send(post("/echo", "later"));
    EXPECT_EQ(body_of(socket->read_response()), "later");
  }
}

TEST_F(ServerRoomTest, LosingAllDescriptorsClosesWhatIsIdle) {
  start();
  std::vector<RawSocket> idle;
  for (int i = 0; i < 20; ++i) idle.push_back(served());
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  RawSocket late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const rlimit few{256, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<int> spare;
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) spare.push_back(fd);
  sockaddr_in where = {};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto address = server->addresses()[0];
  where.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  ASSERT_EQ(::connect(late.fd(), reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
  late.send(post("/echo", "in their place"));
  EXPECT_EQ(body_of(late.read_response()), "in their place") << "although the descriptors are still gone";
  for (const int fd : spare) ::close(fd);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(ServerRoomTest, ARouteAdmitsFromTheHead) {
  const auto admit = [](const ServerRequest& head) -> std::optional<ServerResponse> {
    if (head.headers.get("Authorization")) return std::nullopt;
    return text_response(401, "no");
  };
  auto table = routes();
  table["/guarded"] = {.methods = {"POST"},
                       .handler = AdmittingHandler{admit, [](ServerRequest request, Reply reply) { reply({.body = request.body}); }},
                       .max_body = 8 << 20};
  router.replace(std::move(table));
  start();
  auto refused = connect();
  refused.send(head_of("/guarded", 1 << 20));  // without the body
  EXPECT_EQ(status_of(refused.read_response()), 401);
  auto expecting = connect();
  expecting.send(head_of("/guarded", 1 << 20, "Expect: 100-continue\r\n"));
  EXPECT_EQ(status_of(expecting.read_response()), 401) << "not 100 Continue";
  auto chunked = connect();
  chunked.send("POST /guarded HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(status_of(chunked.read_response()), 401);
  auto whole = connect();
  EXPECT_TRUE(whole.send(post("/guarded", std::string(1 << 20, 'a'))));
  const auto answer = whole.read_to_end();
  EXPECT_EQ(status_of(answer), 401);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  auto admitted = connect();
  admitted.send(post("/guarded", "mine", "Authorization: x\r\n"));
  EXPECT_EQ(body_of(admitted.read_response()), "mine");
}

TEST_F(ServerRoomTest, ARouteAdmitsAgainWhenTheBodyIsComplete) {
  std::atomic<bool> allowed = true;
  std::atomic<int> handled = 0;
  const auto admit = [&](const ServerRequest&) -> std::optional<ServerResponse> {
    if (allowed) return std::nullopt;
    return text_response(401, "no longer");
  };
  auto table = routes();
  table["/guarded"] = {.methods = {"POST"}, .handler = AdmittingHandler{admit, [&](const ServerRequest&, Reply reply) {
                                                                          ++handled;
                                                                          reply({});
                                                                        }}};
  router.replace(std::move(table));
  start();
  auto slow = connect();
  slow.send(head_of("/guarded", 3, "Expect: 100-continue\r\n"));
  EXPECT_EQ(status_of(slow.read_response()), 100) << "admitted";
  allowed = false;
  slow.send("abc");
  EXPECT_EQ(status_of(slow.read_response()), 401);
  EXPECT_EQ(handled, 0);
}

TEST_F(ServerRoomTest, BodiesWaitForTheMemoryOfOthers) {
  start({.max_body_memory = 1 << 20});
  const std::string body(700'000, 'b');
  std::vector<RawSocket> sockets;
  for (int i = 0; i < 6; ++i) sockets.push_back(connect());
  std::vector<std::thread> senders;
  for (auto& socket : sockets) senders.emplace_back([&] { socket.send(post("/big", body)); });
  for (auto& sender : senders) sender.join();
  for (auto& socket : sockets) EXPECT_EQ(body_of(socket.read_response()), body);
}

TEST_F(ServerRoomTest, ASlowBodyGivesItsMemoryToOneThatWaits) {
  start({.max_body_memory = 1 << 20, .request_timeout = 60s, .body_wait_timeout = 30s});
  auto slow = connect();
  slow.send(head_of("/big", 1 << 20) + "a");
  auto chunked = connect();
  chunked.send("POST /big HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n8000\r\n" + std::string(0x8000, 'a') + "\r\n");
  auto fast = connect();
  const std::string body(100'000, 'b');
  fast.send(post("/big", body));
  EXPECT_EQ(body_of(fast.read_response()), body);
  const auto refusal = slow.read_response();
  EXPECT_EQ(status_of(refusal), 503);
  EXPECT_NE(refusal.find("Retry-After: "), std::string::npos);
}

TEST_F(ServerRoomTest, ABodyThatFindsNoMemoryInTimeIsAnswered503) {
  start({.max_body_memory = 1 << 20, .body_wait_timeout = 100ms});
  auto first = connect();
  first.send(head_of("/big", 1 << 20) + "a");
  auto small = connect();
  small.send(post("/echo", "does not need any"));
  EXPECT_EQ(status_of(small.read_response()), 200);
  auto second = connect();
  second.send(head_of("/big", 1 << 20));
  EXPECT_EQ(status_of(second.read_response()), 503);
}

TEST_F(ServerRoomTest, RefusesFoldedHeaders) {
  start();
  for (const std::string folded : {"X-A: b\r\n c\r\n", "X-A: b\r\n\tc\r\n", "X-A:\r\n b\r\n", "X-A: b\r\n \r\n", "X-A: b\r\n\t"}) {
    SCOPED_TRACE(folded);
    const auto request = "POST /echo HTTP/1.1\r\nHost: x\r\n" + folded + "Content-Length: 0\r\n\r\n";
    EXPECT_EQ(status_of(answer_to(request)), 400);
    auto slowly = connect();
    slowly.send_byte_by_byte(request);
    EXPECT_EQ(status_of(slowly.read_to_end()), 400);
  }
  EXPECT_EQ(status_of(answer_to("POST /echo HTTP/1.1\r\n Host: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")), 400);
  EXPECT_EQ(status_of(answer_to(post("/echo", "\n body\n\tof lines", "X-A: \t b \t\r\nConnection: close\r\n"))), 200);
}

}  // namespace
}  // namespace belfry::net::test
