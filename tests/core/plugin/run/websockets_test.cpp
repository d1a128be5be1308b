// Tests websocket/1 of a running instance, through a plugin that calls it.
#include <gmock/gmock.h>

#include "plugin/contract/instance.hpp"
#include "plugin/run/websockets.hpp"
#include "support/plugin_rig.hpp"

namespace belfry {
namespace {

using net::WebSocketEvent;
using plugin::WebSockets;
using ::testing::HasSubstr;
using Kind = WebSocketEvent::Kind;
using Socket = testing::ScriptedWebSockets::Socket;
using namespace std::chrono_literals;

class WebSocketService : public testing::PluginRig {
 protected:
  // Delivers a message to a plugin configured to do `what`. Returns the connection that it requests.
  std::shared_ptr<Socket> connection_of(const std::string& what) {
    instance_ = open("websockets", {{"do", what}});
    if (!instance_) return nullptr;
    instance_->deliver(message(), [outcomes = outcomes_](model::Outcome outcome) { outcomes->put(std::move(outcome)); });
    auto socket = websockets_->requests.take();
    EXPECT_TRUE(socket) << "requested no connection";
    return socket.value_or(nullptr);
  }
  std::string detail() {
    const auto outcome = outcomes_->take();
    return outcome ? outcome->detail : "no outcome";
  }

  std::shared_ptr<plugin::Instance> instance_;
  // Shared, since the threads outlive the fixture and a delivery may end during its destruction.
  std::shared_ptr<testing::Mailbox<model::Outcome>> outcomes_ = std::make_shared<testing::Mailbox<model::Outcome>>();
};

TEST_F(WebSocketService, TheRequestIsWhatThePluginAsked) {
  const auto usual = connection_of("usual");
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->request.url, "wss://127.0.0.1/link");
  EXPECT_EQ(usual->request.headers.get("X-Test"), "yes");
  EXPECT_EQ(usual->request.timeout, 10s);
  EXPECT_EQ(usual->request.ping_interval, 20s);
  EXPECT_EQ(usual->request.pong_timeout, 10s);
  EXPECT_EQ(usual->request.idle_timeout, 0s);
  EXPECT_EQ(usual->request.max_message, 1024U * 1024);
  usual->emit({});
}

TEST_F(WebSocketService, LimitsAreKeptWithinBounds) {
  const auto particular = connection_of("particular");
  ASSERT_TRUE(particular);
  EXPECT_EQ(particular->request.timeout, 1ms);
  EXPECT_EQ(particular->request.ping_interval, 2ms);
  EXPECT_EQ(particular->request.pong_timeout, 3ms);
  EXPECT_EQ(particular->request.idle_timeout, 4ms);
  EXPECT_EQ(particular->request.max_message, 16U * 1024 * 1024);
  EXPECT_EQ(metrics_.value("bad_argument"), 1) << "max_message_bytes is over its bound";
  particular->emit({});
}

TEST_F(WebSocketService, ManyEventsForOneTicket) {
  const auto socket = connection_of("echo");
  ASSERT_TRUE(socket);
  socket->emit({.kind = Kind::open});
  socket->emit({.kind = Kind::text, .data = "a"});
  EXPECT_EQ(socket->sent.take(), "a");
  socket->emit({.kind = Kind::binary, .data = "b"});
  EXPECT_EQ(socket->sent.take(), "b");
  socket->clogged = true;
  socket->emit({.kind = Kind::text, .data = ""});
  socket->emit({.kind = Kind::closed, .data = "bye", .close_code = 1001});
  EXPECT_EQ(detail(), "open text:a binary:b text: unsent closed:1001/0/0:bye ");
}

TEST_F(WebSocketService, SaysWhyItDidNotOpen) {
  const auto refused = connection_of("echo");
  ASSERT_TRUE(refused);
  refused->emit({.http_status = 409, .detail = "answered 409"});
  EXPECT_EQ(detail(), "closed:0/0/409: answered 409");
}

TEST_F(WebSocketService, SaysWhatWentWrong) {
  const auto failed = connection_of("echo");
  ASSERT_TRUE(failed);
  failed->emit({.error = net::ClientError::Kind::tls, .detail = "no TLS"});
  EXPECT_EQ(detail(), "closed:0/4/0: no TLS");
}

TEST_F(WebSocketService, ReadsAsMuchAsThePluginAsksFor) {
  const auto socket = connection_of("echo");
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->received.size(), 0U);
  socket->emit({.kind = Kind::open});
  EXPECT_EQ(socket->received.take(), 1U);
  socket->emit({.kind = Kind::text, .data = "a"});
  EXPECT_EQ(socket->received.take(), 1U);
  socket->emit({});
  detail();
  EXPECT_EQ(socket->received.size(), 0U);
}

// The plugin requests over 8 billion messages, but at most 4 are in flight at any time.
TEST_F(WebSocketService, ReadsFewAheadHoweverManyThePluginAsksFor) {
  const auto socket = connection_of("greedy");
  ASSERT_TRUE(socket);
  socket->emit({.kind = Kind::open});
  EXPECT_EQ(socket->received.take(), 4U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(socket->received.size(), 0U);
    socket->emit({.kind = Kind::text, .data = "a"});
    EXPECT_EQ(socket->received.take(), 1U);
  }
  socket->emit({});
}

TEST_F(WebSocketService, ThePluginCloses) {
  const auto socket = connection_of("say goodbye");
  ASSERT_TRUE(socket);
  socket->emit({.kind = Kind::open});
  socket->emit({.kind = Kind::text, .data = "a"});
  EXPECT_EQ(socket->closed.take(), "4000 enough");
  EXPECT_EQ(detail(), "open text:a closed:4000/0/0: ");
}

TEST_F(WebSocketService, ClosesBeforeItIsOpen) {
  const auto socket = connection_of("at once");
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->closed.take(), "1000 ");
  EXPECT_THAT(detail(), HasSubstr("closed:"));
}

TEST_F(WebSocketService, WrongCodesAndTextsAreCounted) {
  const auto socket = connection_of("wrong code, not UTF-8");
  ASSERT_TRUE(socket);
  socket->emit({.kind = Kind::open});
  socket->emit({.kind = Kind::text, .data = "a"});
  EXPECT_EQ(socket->closed.take(), "1000 \xEF\xBF\xBD");
  EXPECT_THAT(detail(), HasSubstr("refused"));
  EXPECT_EQ(socket->sent.size(), 0U);
  EXPECT_EQ(metrics_.value("bad_argument"), 2);
}

TEST_F(WebSocketService, WrongHeadersAreCountedAndNotSent) {
  instance_ = open("websockets", {{"do", "bad header"}});
  ASSERT_TRUE(instance_);
  EXPECT_THAT(deliver(*instance_, message()).detail, HasSubstr("closed:0/1/0:"));
  EXPECT_EQ(metrics_.value("bad_argument"), 1);
  EXPECT_EQ(websockets_->requests.size(), 0U);
}

TEST_F(WebSocketService, SixteenConnectionsAtMost) {
  instance_ = open("websockets", {{"do", "many"}});
  ASSERT_TRUE(instance_);
  EXPECT_EQ(deliver(*instance_, message()).detail, "two were refused");
  EXPECT_EQ(websockets_->requests.size(), BELFRY_MAX_WEBSOCKETS);
  EXPECT_EQ(metrics_.value("too_many_requests"), 2);
}

TEST_F(WebSocketService, StoppingClosesWhatIsOpen) {
  const auto socket = connection_of("hold");
  ASSERT_TRUE(socket);
  socket->emit({.kind = Kind::open});
  detail();
  EXPECT_TRUE(stop(*instance_, 5s));
  EXPECT_EQ(socket->closed.take(), "1001 ");
  // The instance is gone by now.
  socket->emit({.kind = Kind::text, .data = "late"});
}

TEST_F(WebSocketService, ACancelledConnectionIsClosedWithoutAnEvent) {
  instance_ = open("cancels", {{"do", "websocket"}});
  ASSERT_TRUE(instance_);
  EXPECT_EQ(deliver(*instance_, message()).detail, "cancelled");
  const auto socket = websockets_->requests.take();
  ASSERT_TRUE(socket);
  EXPECT_EQ((*socket)->closed.take(), "1001 ");
}

class WebSocketsTest : public ::testing::Test {
 protected:
  std::shared_ptr<Socket> socket_ = std::make_shared<Socket>(net::WebSocketRequest{}, [](const WebSocketEvent&) {});
  WebSockets connections_;
};

// Events may reach a plugin, and its calls for the ticket the host, before connect() has returned on another thread.
TEST_F(WebSocketsTest, WhatIsSaidEarlyIsNotLost) {
  ASSERT_TRUE(connections_.begin(7));
  connections_.request(7, 2);
  EXPECT_FALSE(connections_.send_text(7, "a"));
  connections_.close(7, 4000, "enough");
  connections_.attach(7, socket_);
  EXPECT_EQ(socket_->received.take(), 2U);
  EXPECT_EQ(socket_->closed.take(), "4000 enough");
}

TEST_F(WebSocketsTest, UnknownTicketsAreIgnored) {
  connections_.request(7, 1);
  connections_.consumed(7);
  connections_.close(7, 1000, "");
  connections_.attach(7, socket_);
  connections_.end(7);
  EXPECT_FALSE(connections_.send_text(7, "a"));
  EXPECT_EQ(socket_->received.size(), 0U);
}

TEST_F(WebSocketsTest, AnEndedConnectionMakesRoom) {
  for (plugin::Ticket ticket = 1; ticket <= BELFRY_MAX_WEBSOCKETS; ++ticket) ASSERT_TRUE(connections_.begin(ticket));
  EXPECT_FALSE(connections_.begin(100));
  connections_.end(3);
  EXPECT_TRUE(connections_.begin(100));
  EXPECT_FALSE(connections_.begin(100));
}

}  // namespace
}  // namespace belfry
