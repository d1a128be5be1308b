#include "net/server/http_server.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <latch>
#include <thread>

#include "core/net/server/server_fixture.hpp"

namespace belfry::net::test {
namespace {

// Whether a socket listens on exactly this port of 127.0.0.1, according to the kernel (proc_pid_net(5): local, remote, state LISTEN).
bool is_open_on_loopback(std::uint16_t port) {
  char entry[40];
  std::snprintf(entry, sizeof entry, "0100007F:%04X 00000000:0000 0A", port);
  std::ifstream table("/proc/self/net/tcp");
  return std::string(std::istreambuf_iterator<char>(table), {}).contains(entry);
}

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  start();
  auto socket = connect();
  for (const std::string body : {"one", "", "three"}) {
    socket.send(post("/echo", body));
    const auto response = socket.read_response();
    EXPECT_EQ(status_of(response), 200);
    EXPECT_EQ(body_of(response), body);
    EXPECT_EQ(response.find("Connection:"), std::string::npos);
    EXPECT_NE(response.find("\r\nDate: "), std::string::npos);
  }
}

TEST_F(ServerTest, TellsTheHandlerWhatCame) {
  start();
  auto socket = connect();
  socket.send("GET http://x/show?a=%20b?c HTTP/1.1\r\nHost: x\r\nX-One: 1\r\nx-one:  2 \r\n\r\n");
  const auto response = socket.read_response();
  EXPECT_NE(response.find("GET /show ?a=%20b?c from 127.0.0.1:"), std::string::npos) << response;
  EXPECT_NE(response.find("X-One=1\nx-one=2\n"), std::string::npos) << response;
}

TEST_F(ServerTest, AnswersBadRequests) {
  start({.max_header = 1000, .linger_timeout = 300ms});
  const std::string end = "\r\n\r\n";
  struct Case {
    const char* name;
    std::string request;
    int status;
  };
  const std::vector<Case> cases = {
      {"not http", "\x16\x03\x01\x02 nonsense", 400},
      {"line feed only", "GET /show HTTP/1.1\nHost: x\n\n", 400},
      {"no version", "GET /show\r\n\r\n", 400},
      {"http 0.9", "GET /show HTTP/0.9\r\nHost: x" + end, 400},
      {"http 2", "GET /show HTTP/2.0\r\nHost: x" + end, 400},
      {"http 2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"space before colon", "GET /show HTTP/1.1\r\nHost : x" + end, 400},
      {"no header name", "GET /show HTTP/1.1\r\nHost: x\r\n: y" + end, 400},
      {"header without colon", "GET /show HTTP/1.1\r\nHost: x\r\nnonsense" + end, 400},
      {"null in header", "GET /show HTTP/1.1\r\nHost: x\r\nA: b" + std::string(1, '\0') + "c" + end, 400},
      {"null in target", "GET /sh" + std::string(1, '\0') + "ow HTTP/1.1\r\nHost: x" + end, 400},
      {"no host", "GET /show HTTP/1.1" + end, 400},
      {"two hosts", "GET /show HTTP/1.1\r\nHost: x\r\nHost: x" + end, 400},
      {"length not a number", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3x" + end + "abc", 400},
      {"length with a plus", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +3" + end + "abc", 400},
      {"negative length", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -3" + end + "abc", 400},
      {"hexadecimal length", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3" + end + "abc", 400},
      {"empty length", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + end + "abc", 400},
      {"length beyond 64 bits", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551619" + end + "abc", 400},
      {"huge length", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615" + end + "abc", 413},
      {"two equal lengths", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3" + end + "abc", 400},
      {"two lengths", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4" + end + "abc", 400},
      {"list of equal lengths", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3" + end + "abc", 400},
      {"length and chunked", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked" + end + "0\r\n\r\n", 400},
      {"chunked and length", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3" + end + "0\r\n\r\n", 400},
      {"identity and length", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\nContent-Length: 3" + end + "abc", 400},
      {"unknown coding", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip" + end, 501},
      {"two codings", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked" + end + "0\r\n\r\n", 501},
      {"not quite chunked", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked" + end + "0\r\n\r\n", 501},
      {"chunked twice", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked" + end + "0\r\n\r\n",
       400},
      {"coding twice", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked" + end + "0\r\n\r\n", 400},
      {"chunked with http 1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked" + end + "0\r\n\r\n", 400},
      {"chunk size not a number", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked" + end + "zz\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk longer than declared", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked" + end + "2\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk size beyond 64 bits",
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked" + end + "1ffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400},
      {"huge chunk", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked" + end + "ffffffffffffffff\r\nabc", 413},
      {"endless chunk extension", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked" + end + "3;" + std::string(100'000, 'a'),
       400},
      {"length in a trailer", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked" + end + "0\r\nContent-Length: 3\r\n\r\n", 400},
      {"absolute target of another host", "POST http://y/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3" + end + "abc", 400},
      {"absolute target of another port", "POST http://x:81/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3" + end + "abc", 400},
      {"absolute target with a user", "POST http://x@y/echo HTTP/1.1\r\nHost: y\r\nContent-Length: 3" + end + "abc", 400},
      {"absolute target without a host", "POST http:///echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3" + end + "abc", 400},
      {"unknown expectation", "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 3" + end + "abc", 417},
      {"long header", "GET /show HTTP/1.1\r\nHost: x\r\nA: " + std::string(1000, 'a') + end, 431},
      {"many headers",
       "GET /show HTTP/1.1\r\nHost: x\r\n" +
           [] {
             std::string s;
             for (int i = 0; i < 400; ++i) s += "A: b\r\n";
             return s;
           }() +
           "\r\n",
       431},
      {"long target", "GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: x" + end, 431},
      {"endless header", "GET /show HTTP/1.1\r\nHost: x\r\nA: " + std::string(2'000'000, 'a'), 431},
      {"unknown path", "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 3" + end + "abc", 404},
      {"wrong method", "DELETE /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3" + end + "abc", 405},
      {"large body", post("/echo", std::string(1001, 'a')), 413},
      {"large chunks",
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked" + end + "1f4\r\n" + std::string(500, 'a') + "\r\n1f5\r\n" +
           std::string(501, 'a') + "\r\n0\r\n\r\n",
       413},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    // A request smuggled behind the bad one must not get a response.
    const auto response = answer_to(c.request + get("/show"));
    EXPECT_EQ(status_of(response), c.status) << response;
    EXPECT_EQ(response.find("HTTP/1.1", 1), std::string::npos) << "a second answer: " << response;
    EXPECT_NE(response.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_LT(body_of(response).size(), 512U);
    EXPECT_EQ(std::ranges::count(body_of(response), '\n'), 1);
  }
}

TEST_F(ServerTest, TakesWhatLooksOddButIsAllowed) {
  start();
  struct Case {
    const char* name;
    std::string request, body;
  };
  const std::vector<Case> cases = {
      {"empty lines before", "\r\n\r\n" + post("/echo", "abc"), "abc"},
      {"chunks, an extension and a trailer",
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n1;a=b\r\na\r\n0002\r\nbc\r\n0\r\nX: y\r\n\r\n", "abc"},
      {"no body at all", "POST /echo HTTP/1.1\r\nHost: x\r\n\r\n", ""},
      {"full body", post("/echo", std::string(1000, 'a')), std::string(1000, 'a')},
      {"length with leading zeros", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0003\r\n\r\nabc", "abc"},
      {"empty host", "POST /echo HTTP/1.1\r\nHost:\r\nContent-Length: 3\r\n\r\nabc", "abc"},
      {"absolute target", "POST http://y:80/echo HTTP/1.1\r\nHost: Y:80\r\nContent-Length: 3\r\n\r\nabc", "abc"},
  };
  for (const bool slowly : {false, true}) {
    for (const auto& c : cases) {
      SCOPED_TRACE(c.name);
      auto socket = connect();
      slowly ? socket.send_byte_by_byte(c.request) : void(socket.send(c.request));
      const auto response = socket.read_response();
      EXPECT_EQ(status_of(response), 200) << response;
      EXPECT_EQ(body_of(response), c.body);
      socket.send(post("/echo", "again"));
      EXPECT_EQ(body_of(socket.read_response()), "again");
    }
  }
}

TEST_F(ServerTest, TrailersAreNotHeaders) {
  start();
  auto socket = connect();
  socket.send("GET /show HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: Bearer x\r\n\r\n");
  EXPECT_EQ(socket.read_response().find("Bearer"), std::string::npos);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += post(i % 2 ? "/other-thread" : "/echo", "number " + std::to_string(i));
  for (const bool slowly : {false, true}) {
    auto socket = connect();
    slowly ? socket.send_byte_by_byte(requests) : void(socket.send(requests));
    for (int i = 0; i < 100; ++i) EXPECT_EQ(body_of(socket.read_response()), "number " + std::to_string(i));
  }
}

TEST_F(ServerTest, ARefusalWithoutABodyKeepsTheConnection) {
  start();
  auto socket = connect();
  socket.send(get("/nothing") + get("/echo") + post("/echo", "still here"));
  EXPECT_EQ(status_of(socket.read_response()), 404);
  const auto refusal = socket.read_response();
  EXPECT_EQ(status_of(refusal), 405);
  EXPECT_NE(refusal.find("\r\nAllow: POST\r\n"), std::string::npos);
  EXPECT_EQ(body_of(socket.read_response()), "still here");
}

TEST_F(ServerTest, HeadIsGetWithoutTheBody) {
  start();
  auto socket = connect();
  socket.send("HEAD /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_for_held(1);
  take_held()({.body = "four"});
  EXPECT_NE(socket.read_until("\r\n\r\n").find("Content-Length: 4"), std::string::npos);
  socket.send(post("/echo", "next"));
  EXPECT_EQ(body_of(socket.read_response()), "next");
}

TEST_F(ServerTest, NoContentHasNoBodyAndNoLength) {
  start();
  auto socket = connect();
  socket.send(post("/empty", "{}") + post("/echo", "next"));
  const auto response = socket.read_until("\r\n\r\n");
  EXPECT_EQ(status_of(response), 204);
  EXPECT_EQ(response.find("Content-Length"), std::string::npos);
  EXPECT_EQ(body_of(socket.read_response()), "next");
}

TEST_F(ServerTest, Http10ClosesUnlessAskedNotTo) {
  start();
  EXPECT_NE(answer_to("POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc").find("Connection: close"), std::string::npos);
  auto socket = connect();
  socket.send("POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_NE(socket.read_response().find("Connection: keep-alive"), std::string::npos);
  socket.send(post("/echo", "next"));
  EXPECT_EQ(body_of(socket.read_response()), "next");
}

TEST_F(ServerTest, ClosesWhenEitherSideWants) {
  start();
  EXPECT_EQ(status_of(answer_to(get("/show", "Connection: close\r\n") + get("/show"))), 200);
  EXPECT_NE(answer_to(get("/close") + get("/show")).find("Connection: close"), std::string::npos);
}

TEST_F(ServerTest, AnswersAClientThatHasEndedSending) {
  start();
  auto socket = connect();
  socket.send(post("/other-thread", "last words"));
  socket.end_sending();
  EXPECT_EQ(body_of(socket.read_to_end()), "last words");
}

TEST_F(ServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
  start();
  auto socket = connect();
  socket.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(status_of(socket.read_until("\r\n\r\n")), 100);
  socket.send("abc");
  EXPECT_EQ(body_of(socket.read_response()), "abc");

  auto too_large = connect();
  too_large.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3000\r\n\r\n");
  EXPECT_EQ(status_of(too_large.read_response()), 413);
}

// The client sends its whole body before it reads: with a plain close the response would be lost in a reset.
TEST_F(ServerTest, AClientThatIsStillSendingSeesWhyItIsRefused) {
  start();
  for (int i = 0; i < 20; ++i) {
    auto socket = connect();
    EXPECT_TRUE(socket.send(post("/echo", std::string(2 << 20, 'a'))));
    EXPECT_EQ(status_of(socket.read_to_end()), 413);
  }
}

TEST_F(ServerTest, LingeringHasAnEnd) {
  start({.linger_bytes = 100'000, .linger_timeout = 300ms});
  auto endless = connect();
  endless.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n");
  while (endless.send(std::string(10'000, 'a'))) {
  }
  auto silent = connect();
  silent.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n");
  EXPECT_EQ(status_of(silent.read_response()), 413);
  while (silent.send("a")) std::this_thread::yield();
}

TEST_F(ServerTest, SlowRequestsAreEnded) {
  start({.idle_timeout = 20s, .request_timeout = 100ms});
  const std::vector<std::string> beginnings = {
      "P", "POST /echo HTTP/1.1\r\nHost:", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab",
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"};
  for (const auto& beginning : beginnings) {
    SCOPED_TRACE(beginning);
    EXPECT_EQ(status_of(answer_to(beginning)), 408);
    auto reused = connect();
    reused.send(post("/echo", "good"));
    EXPECT_EQ(status_of(reused.read_response()), 200);
    reused.send(beginning);
    EXPECT_EQ(status_of(reused.read_to_end()), 408);
  }
}

TEST_F(ServerTest, ATrickleIsASlowRequestToo) {
  start({.request_timeout = 200ms});
  auto socket = connect();
  socket.send("POST /echo HTTP/1.1\r\n");
  while (socket.send("A: b\r\n")) {
    pollfd answered{socket.fd(), POLLIN, 0};
    if (::poll(&answered, 1, 5) == 1) break;
  }
  EXPECT_EQ(status_of(socket.read_to_end()), 408);
}

TEST_F(ServerTest, IdleConnectionsAreClosedWithoutAWord) {
  start({.idle_timeout = 50ms, .request_timeout = 100ms});
  EXPECT_EQ(answer_to(""), "");
  auto socket = connect();
  socket.send(post("/echo", "good"));
  EXPECT_EQ(status_of(socket.read_response()), 200);
  EXPECT_EQ(socket.read_to_end(), "");
}

TEST_F(ServerTest, AConnectionThatWasNotUsedYetIsIdleNotSlow) {
  start({.idle_timeout = 20s, .request_timeout = 50ms});
  auto unused = connect();
  EXPECT_EQ(status_of(answer_to("P")), 408);  // takes longer than request_timeout
  unused.send(post("/echo", "good"));
  EXPECT_EQ(status_of(unused.read_response()), 200);
}

TEST_F(ServerTest, AReaderThatDoesNotReadIsCutOff) {
  start({.write_timeout = 200ms, .linger_timeout = 100ms});
  auto socket = connect();
  socket.send(get("/large"));
  // Wait until the server gives up and resets the connection, short of 32 MiB.
  pollfd gone{socket.fd(), POLLRDHUP, 0};
  ASSERT_EQ(::poll(&gone, 1, 20'000), 1);
  EXPECT_LT(socket.read_to_end().size(), 32U << 20);
}

TEST_F(ServerTest, ALargeBodyGoesBothWays) {
  start();
  const std::string body(5 << 20, 'b');
  auto socket = connect();
  std::thread writer([&] { socket.send(post("/big", body)); });
  const auto response = socket.read_response();
  writer.join();
  EXPECT_EQ(body_of(response), body);
}

TEST_F(ServerTest, HandlersThatFailAnswer500) {
  start();
  auto socket = connect();
  for (const auto* path : {"/drop", "/throw", "/split"}) {
    SCOPED_TRACE(path);
    socket.send(get(path));
    const auto response = socket.read_response();
    EXPECT_EQ(status_of(response), 500);
    EXPECT_EQ(response.find("Set-Cookie"), std::string::npos);
  }
  wait_for_line("no luck");
}

TEST_F(ServerTest, AHandlerThatDoesNotReplyIsAnsweredFor) {
  start({.handler_timeout = 50ms});
  auto socket = connect();
  socket.send(get("/hold"));
  wait_for_held(1);
  const auto response = socket.read_response();
  EXPECT_EQ(status_of(response), 503);
  EXPECT_NE(response.find("Retry-After: "), std::string::npos);
  // The late reply must not become the response to the next request.
  socket.send(get("/hold"));
  wait_for_held(2);
  take_held(0)({.body = "late"});
  take_held(1)({.body = "in time"});
  EXPECT_EQ(body_of(socket.read_response()), "in time");
}

TEST_F(ServerTest, AReplyCountsOnce) {
  start();
  auto socket = connect();
  socket.send(get("/hold") + get("/hold"));
  wait_for_held(1);
  auto reply = take_held();
  reply({.body = "first"});
  reply({.body = "second"});
  EXPECT_EQ(body_of(socket.read_response()), "first");
  wait_for_held(2);
  take_held(1)({.body = "third"});
  EXPECT_EQ(body_of(socket.read_response()), "third");
}

TEST_F(ServerTest, ClientsThatGoAwayDoNoHarm) {
  start();
  for (int i = 0; i < 30; ++i) {
    auto mid_header = connect();
    mid_header.send("POST /echo HT");
    auto mid_body = connect();
    mid_body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    auto mid_answer = connect();
    mid_answer.send(get("/large"));
    mid_answer.read_exactly(100);
    auto mid_handler = connect();
    mid_handler.send(get("/hold"));
    if (i % 2) {
      for (auto* socket : {&mid_header, &mid_body, &mid_answer, &mid_handler}) socket->reset();
    }
  }
  wait_for_held(30);
  for (std::size_t i = 0; i < 30; ++i) take_held(i)({.body = "nobody is there"});
  EXPECT_EQ(status_of(answer_to(post("/echo", "x", "Connection: close\r\n"))), 200);
}

TEST_F(ServerTest, ManyConnectionsAtOnce) {
  start();
  std::vector<RawSocket> sockets;
  for (int i = 0; i < 200; ++i) sockets.push_back(connect());
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < sockets.size(); ++i) sockets[i].send(post("/other-thread", std::to_string(i)));
    for (std::size_t i = 0; i < sockets.size(); ++i) EXPECT_EQ(body_of(sockets[i].read_response()), std::to_string(i));
  }
}

TEST_F(ServerTest, DrainFinishesWhatIsBeingHandled) {
  start({.linger_timeout = 300ms});
  auto idle = connect(), busy = connect(), never_used = connect(), half = connect();
  idle.send(post("/echo", "x"));
  idle.read_response();
  half.send(post("/echo", "x"));
  half.read_response();
  half.send("POST /echo HTTP/1.1\r\n");
  busy.send(get("/hold") + get("/show"));
  wait_for_held(1);
  std::promise<void> done;
  server->drain([&] { done.set_value(); });
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(never_used.read_to_end(), "");
  half.send("Host: x\r\nContent-Length: 3\r\n\r\nabc");
  const auto refusal = half.read_to_end();
  EXPECT_EQ(status_of(refusal), 503);
  EXPECT_NE(refusal.find("Retry-After: "), std::string::npos);
  const auto accepts = [this] {
    try {
      const auto socket = connect();
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  while (accepts()) std::this_thread::yield();
  auto drained = done.get_future();
  EXPECT_EQ(drained.wait_for(0s), std::future_status::timeout);
  take_held()({.body = "finished"});
  const auto last = busy.read_to_end();
  EXPECT_EQ(body_of(last), "finished");
  EXPECT_NE(last.find("Connection: close"), std::string::npos);
  EXPECT_EQ(drained.wait_for(kSoon), std::future_status::ready);
}

// Closing a listener resets the connections in its backlog: a client would see an error instead of the promised 503.
TEST_F(ServerTest, DrainAnswersConnectionsThatWereNotAcceptedYet) {
  start();
  std::latch busy(2), go_on(1);
  for (std::ptrdiff_t i = 0; i < 2; ++i)
    runtime.post([&] {
      busy.count_down();
      go_on.wait();
    });
  busy.wait();
  std::vector<RawSocket> early;
  for (int i = 0; i < 20; ++i) {
    early.push_back(connect());
    early.back().send(post("/echo", "x"));
  }
  std::promise<void> done;
  server->drain([&] { done.set_value(); });
  go_on.count_down();
  for (auto& socket : early) EXPECT_EQ(status_of(socket.read_to_end()), 503);
  EXPECT_EQ(done.get_future().wait_for(kSoon), std::future_status::ready);
}

TEST_F(ServerTest, ChangesItsDoorsWhileItWorks) {
  const auto unix_address = [&](const char* name) { return "unix:" + (directory / name).string(); };
  const ListenConfig stays{"127.0.0.1:0", {}}, goes{unix_address("goes"), {}}, comes{unix_address("comes"), {}};
  start({}, {stays, goes});
  const auto address = server->addresses().front();
  auto kept = connect(0), busy = connect(1), idle = connect(1);
  for (auto* socket : {&kept, &idle}) {
    socket->send(get("/show"));
    EXPECT_EQ(status_of(socket->read_response()), 200);
  }
  busy.send(get("/hold"));
  wait_for_held(1);

  listen_at({comes, stays});
  EXPECT_EQ(server->addresses(), (std::vector<std::string>{comes.address, address}));
  kept.send(get("/show"));
  EXPECT_EQ(status_of(kept.read_response()), 200);
  EXPECT_EQ(idle.read_to_end(), "");
  take_held()({.body = "the last one"});
  const auto last = busy.read_to_end();
  EXPECT_EQ(body_of(last), "the last one");
  EXPECT_NE(last.find("Connection: close"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(directory / "goes"));
  for (std::size_t i = 0; i < 2; ++i) {
    auto fresh = connect(i);
    fresh.send(get("/show"));
    EXPECT_EQ(status_of(fresh.read_response()), 200);
  }
}

TEST_F(ServerTest, DoorsThatAreNotUsedChangeNothing) {
  start();
  const auto address = server->addresses().front();
  const auto path = directory / "listener";
  {
    const auto unused = server->open({"unix:" + path.string(), {}});
    ASSERT_TRUE(unused);
    const auto same = server->open({"127.0.0.1:0", {}});
    ASSERT_TRUE(same);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  auto socket = connect();
  socket.send(get("/show"));
  EXPECT_EQ(status_of(socket.read_response()), 200);
}

// The port goes to another interface, or to another server of the process.
TEST_F(ServerTest, APortMayGoFromOneDoorToAnother) {
  start();
  const auto port = server->addresses().front().substr(std::string_view("127.0.0.1").size());
  server->begin_port_handover({});
  listen_at({{"127.0.0.1" + port, {}}});
  server->end_port_handover();
  const auto refused = [&](const std::string& address) { return !server->open({address, {}}); };
  EXPECT_TRUE(refused("0.0.0.0" + port));
  server->begin_port_handover({"127.0.0.1" + port});
  EXPECT_TRUE(refused("0.0.0.0" + port)) << "that one stays";
  server->begin_port_handover({});
  EXPECT_FALSE(refused("0.0.0.0" + port));
  HttpServer other(runtime, router, {}, log);
  EXPECT_FALSE(other.open({"127.0.0.1" + port, {}})) << "that server is not in a handover";
  server->end_port_handover();
  EXPECT_TRUE(refused("0.0.0.0" + port));

  server->begin_port_handover({});
  listen_at({{"0.0.0.0" + port, {}}});
  server->end_port_handover();
  EXPECT_EQ(server->addresses(), (std::vector<std::string>{"0.0.0.0" + port}));
  // Until the old listener has closed, the kernel prefers its more specific address, and closing it resets connections in its backlog.
  const auto number = static_cast<std::uint16_t>(std::stoi(port.substr(1)));
  for (const auto end = std::chrono::steady_clock::now() + kSoon; is_open_on_loopback(number); std::this_thread::yield())
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the old listener stays open";
  auto socket = connect();
  socket.send(get("/show"));
  EXPECT_EQ(status_of(socket.read_response()), 200);
  EXPECT_TRUE(refused("127.0.0.1" + port));
}

TEST_F(ServerTest, DrainOfAnUnusedServerIsDoneToo) {
  start();
  for (int i = 0; i < 2; ++i) {
    std::promise<void> done;
    server->drain([&] { done.set_value(); });
    EXPECT_EQ(done.get_future().wait_for(kSoon), std::future_status::ready);
  }
}

TEST_F(ServerTest, StopClosesEverythingNow) {
  start();
  auto idle = connect(), busy = connect();
  idle.send(post("/echo", "x"));
  idle.read_response();
  busy.send(get("/hold"));
  wait_for_held(1);
  server->stop();
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(busy.read_to_end(), "");
  server.reset();
  take_held()({.body = "nobody waits for this"});
}

TEST_F(ServerTest, MayGoWhileRequestsAreComing) {
  for (int i = 0; i < 20; ++i) {
    start();
    const auto address = server->addresses()[0];
    std::thread client([&] {
      for (int n = 0; n < 50; ++n) {
        try {
          auto socket = RawSocket::connect(address);
          socket.send(post("/other-thread", "x") + get("/hold"));
          socket.read_response();
        } catch (const std::runtime_error&) {
          return;
        }
      }
    });
    wait_for_held(1);
    server.reset();
    client.join();
    const std::lock_guard lock(mutex);
    held.clear();
  }
}

TEST_F(ServerTest, ListensOnSeveralAddresses) {
  const auto socket_path = (directory / "a.sock").string();
  start({}, {{"127.0.0.1:0", {}}, {"[::]:0", {}}, {"unix:" + socket_path, {}}, {"localhost:0", {}}});
  const auto addresses = server->addresses();
  ASSERT_EQ(addresses.size(), 4U);
  EXPECT_EQ(addresses[2], "unix:" + socket_path);
  auto first = connect(0);
  first.send(get("/show"));
  const auto over_tcp = first.read_response();
  EXPECT_NE(over_tcp.find("from 127.0.0.1:"), std::string::npos);
  EXPECT_EQ(over_tcp.find("over a Unix socket"), std::string::npos);
  auto local = connect(2);
  local.send(get("/show"));
  const auto over_unix = local.read_response();
  EXPECT_NE(over_unix.find("from unix "), std::string::npos);
  EXPECT_NE(over_unix.find("over a Unix socket"), std::string::npos);
  const auto port = addresses[1].substr(addresses[1].rfind(':'));
  for (const auto* host : {"[::1]", "127.0.0.1"}) {
    auto socket = RawSocket::connect(host + port);
    socket.send(get("/show"));
    EXPECT_NE(socket.read_response().find(std::string("from ") + host + ":"), std::string::npos);
  }
}

TEST_F(ServerTest, UnixSocketFiles) {
  const auto path = directory / "a.sock";
  const ListenConfig where{"unix:" + path.string(), {}};
  start({}, {where});
  struct stat file = {};
  ASSERT_EQ(::stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0660U);

  HttpServer other(runtime, router, {}, log);
  const auto taken = other.open(where);
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message.find("another program listens there"), std::string::npos) << taken.error().message;

  // A socket file left behind by a killed process.
  const auto stale = directory / "stale.sock";
  {
    const RawSocket dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    stale.string().copy(name.sun_path, sizeof name.sun_path - 1);
    ASSERT_EQ(::bind(dead.fd(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  }
  EXPECT_TRUE(other.open({"unix:" + stale.string(), {}}));

  server->stop();
  EXPECT_FALSE(std::filesystem::exists(path));

  const auto document = directory / "document";
  std::ofstream(document) << "precious";
  EXPECT_FALSE(other.open({"unix:" + document.string(), {}}));
  EXPECT_TRUE(std::filesystem::exists(document));
}

TEST_F(ServerTest, RefusesAddressesWithAReason) {
  start();
  HttpServer other(runtime, router, {}, log);
  struct Case {
    std::string address;
    const char* reason;
  };
  for (const auto& c : std::vector<Case>{
           {server->addresses()[0], "in use by another program"},
           {"192.0.2.1:0", "no network interface has this address"},
           {"127.0.0.1", "HOST:PORT"},
           {"127.0.0.1:", "HOST:PORT"},
           {"127.0.0.1:65536", "HOST:PORT"},
           {"127.0.0.1:80x", "HOST:PORT"},
           {":6000", "HOST:PORT"},
           {"::1:6000", "HOST:PORT"},
           {"", "HOST:PORT"},
           {"unix:", "1 to 107 characters"},
           {"unix:/" + std::string(200, 'a'), "1 to 107 characters"},
           {"unix:/nowhere/at/all.sock", "No such file"},
           {"no-such-host.invalid:80", "no-such-host.invalid"},
       }) {
    const auto result = other.open({c.address, {}});
    ASSERT_FALSE(result) << c.address;
    EXPECT_NE(result.error().message.find(c.reason), std::string::npos) << result.error().message;
    EXPECT_TRUE(result.error().message.starts_with("cannot listen on " + c.address));
  }
}

TEST_F(ServerTest, SurvivesRunningOutOfDescriptors) {
  start();
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  auto socket = connect();
  std::vector<int> spare;
  const rlimit few{256, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  auto waiting = connect();  // open on both sides before the descriptors run out
  waiting.send(post("/echo", "first"));
  waiting.read_response();
  auto late = connect();
  late.send(post("/echo", "taken up to here"));
  late.read_response();
  RawSocket last(::socket(AF_INET, SOCK_STREAM, 0));
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) spare.push_back(fd);
  sockaddr_in where = {};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto address = server->addresses()[0];
  where.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  ASSERT_EQ(::connect(last.fd(), reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
  last.send(post("/echo", "patience"));
  wait_for_line("cannot accept connections");
  for (const int fd : spare) ::close(fd);
  EXPECT_EQ(body_of(last.read_response()), "patience");
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace belfry::net::test
