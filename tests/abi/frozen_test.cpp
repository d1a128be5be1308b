// A plugin that was built when version 1.0 of the ABI was frozen (tests/abi/frozen) still runs as it did then. This program is built with
// plugin.h as it is, and with appended members.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support/plugin_rig.hpp"

namespace belfry::plugin {
namespace {

using ::testing::ElementsAre;
using testing::Mailbox;
using testing::PluginRig;
using ::testing::StartsWith;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

#if defined(__x86_64__)
constexpr const char* kBinary = "sink_v1_x86_64.so";
#else
constexpr const char* kBinary = nullptr;
#endif

constexpr const char* kToken = "frozen-token-123";

// A port of 127.0.0.1 that refuses connections: it is bound, but nothing listens.
class ClosedPort {
 public:
  ClosedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, any, size) != 0 || ::getsockname(socket_, any, &size) != 0) throw std::runtime_error("no port is free");
    port_ = ntohs(address.sin_port);
  }
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;
  ~ClosedPort() { ::close(socket_); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }

 private:
  int socket_;
  int port_ = 0;
};

class FrozenTest : public PluginRig {
 protected:
  void SetUp() override {
    if (kBinary == nullptr) GTEST_SKIP() << "the frozen binary is for x86-64 only";
  }

  SinkCheck check_frozen() {
    const char* source = std::getenv("BELFRY_SOURCE_DIR");
    const fs::path file = directory_.path() / kBinary;
    fs::copy_file(fs::path(source == nullptr ? "." : source) / "tests/abi/frozen" / kBinary, file);
    fs::permissions(file, fs::perms::owner_all);
    const auto catalogue = scan();
    EXPECT_EQ(catalogue.entries.at(0).refusal, "");
    return check_sinks(catalogue, {{"sink", "frozen", {{"url", port_.url()}, {"token", kToken}}, {}}}, settings_, *scrubber_).at(0);
  }
  std::shared_ptr<Instance> open_frozen() {
    auto opened = host().open(check_frozen().sink.value(), http_client_, websockets_);
    if (!opened) throw std::runtime_error(opened.error().message);
    opened_.push_back(*opened);
    return *opened;
  }
  // Delivers a message, with the test as the peer of the WebSocket that the sink opens for it.
  SendOutcome deliver_as_peer(Instance& instance) {
    using Kind = net::WebSocketEvent::Kind;
    const auto outcomes = std::make_shared<Mailbox<SendOutcome>>();
    instance.deliver(message(), [outcomes](SendOutcome outcome) { outcomes->put(std::move(outcome)); });
    const auto socket = websockets_->requests.take();
    if (!socket) throw std::runtime_error("the sink has opened no WebSocket");
    (*socket)->emit({.kind = Kind::open});
    EXPECT_EQ((*socket)->sent.take(), "hello");
    EXPECT_EQ((*socket)->received.take(), 1U);
    (*socket)->emit({.kind = Kind::text, .data = "world"});
    EXPECT_EQ((*socket)->closed.take(), "1000 bye");
    return outcomes->take().value_or(SendOutcome{});
  }
  ReconcileResult reconcile(Instance& instance, const std::string& delivery_id) {
    const auto results = std::make_shared<Mailbox<ReconcileResult>>();
    instance.reconcile(message(20s, delivery_id), [results](ReconcileResult result) { results->put(std::move(result)); });
    return results->take().value_or(ReconcileResult{});
  }

  const ClosedPort port_;
  std::shared_ptr<net::HttpClient> http_client_ = net::make_http_client(net_, {}).value();
};

TEST_F(FrozenTest, IsAcceptedWithAWarning) {
  const auto checked = check_frozen();
  EXPECT_THAT(checked.problems, ElementsAre(Finding{Finding::Severity::warning, "/url", "the URL is not encrypted; use https"}));
  ASSERT_TRUE(checked.sink);
  EXPECT_EQ(checked.sink->type.title, "A sink of version 1.0");
  EXPECT_THAT(checked.sink->inbound, ElementsAre(InboundRoute{"POST", "/frozen"}, InboundRoute{"GET", "/frozen/status"}));
}

TEST_F(FrozenTest, DeliversThroughEveryService) {
  const auto instance = open_frozen();
  EXPECT_EQ(instance->max_in_flight(), 4U);
  const auto outcome = deliver_as_peer(*instance);
  EXPECT_EQ(outcome.code, model::OutcomeCode::delivered);
  EXPECT_EQ(outcome.reason, "delivered");
  EXPECT_EQ(outcome.receipt, R"({"id":"delivered"})");
  EXPECT_THAT(outcome.detail, StartsWith("attempt:1 early work put:0 get:0 value erase:0 account:0 timer http:3 limited grant woken "
                                         "greeted:0 world closed:0"));
  EXPECT_EQ(metrics_.value("gauge started"), 1);
  EXPECT_EQ(metrics_.value("counter deliveries"), 1);
  EXPECT_EQ(metrics_.value("counter worked"), 1);
  EXPECT_EQ(recipients_.time_zones.take(), "sink ada@example.com Europe/Berlin");
  EXPECT_TRUE(lines_.wait_for("tokens: *** ***")) << lines_.all();
  EXPECT_EQ(lines_.count(kToken), 0U);
  EXPECT_EQ(lines_.count("plugin violation"), 0U) << lines_.all();
}

TEST_F(FrozenTest, Reconciles) {
  const auto instance = open_frozen();
  ASSERT_TRUE(instance->can_reconcile());
  deliver_as_peer(*instance);
  const auto found = reconcile(*instance, "delivery-1");
  EXPECT_EQ(found.code, ReconcileResult::Code::found);
  EXPECT_EQ(found.receipt, R"({"id":"found"})");
  EXPECT_EQ(reconcile(*instance, "delivery-2").code, ReconcileResult::Code::absent);
}

TEST_F(FrozenTest, RepliesToAVerifiedRequest) {
  const auto instance = open_frozen();
  const auto post = [&](const char* token) {
    net::ServerRequest request{.method = "POST", .path = "/frozen", .query = "a=b", .body = "body"};
    request.headers.add("X-Token", token);
    const auto responses = std::make_shared<Mailbox<net::ServerResponse>>();
    instance->handle_inbound(std::move(request), [responses](net::ServerResponse response) { responses->put(std::move(response)); });
    return responses->take().value_or(net::ServerResponse{.status = 0});
  };
  const auto reply = post(kToken);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "POST /frozen?a=b body");
  EXPECT_EQ(post("another").status, 401);
}

TEST_F(FrozenTest, Renders) {
  const auto instance = open_frozen();
  ASSERT_TRUE(instance->can_render());
  const auto rendered = instance->render(message());
  ASSERT_TRUE(rendered) << rendered.error().message;
  EXPECT_EQ(rendered->at(0).at("url"), port_.url());
  EXPECT_EQ(rendered->at(0).at("headers").at("Authorization"), "Bearer ***");
}

TEST_F(FrozenTest, ChecksOnline) {
  auto opened = host().open_for_check(check_frozen().sink.value(), http_client_, websockets_);
  ASSERT_TRUE(opened) << opened.error().message;
  opened_.push_back(*opened);
  ASSERT_TRUE((*opened)->can_check_online());
  const auto box = std::make_shared<Mailbox<std::vector<Finding>>>();
  (*opened)->check_online(20s, [box](std::vector<Finding> findings) { box->put(std::move(findings)); });
  EXPECT_THAT(box->take().value_or(std::vector<Finding>{}),
              ElementsAre(Finding{Finding::Severity::warning, "/url", "nothing answers; start the remote"},
                          Finding{Finding::Severity::note, "", "the store is empty"}));
}

TEST_F(FrozenTest, StopsAndIsDestroyed) {
  auto instance = open_frozen();
  const auto outcomes = std::make_shared<Mailbox<SendOutcome>>();
  instance->deliver(message(), [outcomes](SendOutcome outcome) { outcomes->put(std::move(outcome)); });
  ASSERT_TRUE(websockets_->requests.take()) << "the delivery waits for its WebSocket";
  EXPECT_TRUE(stop(*instance, 20s));
  EXPECT_EQ(outcomes->take().value_or(SendOutcome{}).reason, "stopping");
  EXPECT_EQ(lines_.count("plugin violation"), 0U) << lines_.all();
  // An instance keeps itself alive until destroy() has returned.
  const std::weak_ptr<Instance> left = instance;
  opened_.clear();
  instance.reset();
  const auto limit = std::chrono::steady_clock::now() + 20s;
  while (!left.expired() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  EXPECT_TRUE(left.expired());
}

}  // namespace
}  // namespace belfry::plugin
