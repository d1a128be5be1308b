// Inbound requests, reconciliation and rendering, and how a class announces them.
#include <gmock/gmock.h>

#include "sdk/probe.hpp"

namespace belfry::testkit {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;

class Everything final : public Sink, public Inbound, public Reconciles, public Renders {
 public:
  std::expected<void, Problems> configure(const Config& config) override {
    Problems problems;
    if (config.has("tabs")) problems.add("/a\tb", "first\nsecond\tthird");
    if (config.has("throws")) throw std::runtime_error("cannot read");
    if (config.has("wrong")) (void)config.duration("wrong");
    if (!problems.empty()) return std::unexpected(std::move(problems));
    return {};
  }
  Task<Outcome> deliver(Message) override { co_return Outcome::delivered(); }

  std::vector<InboundRoute> routes() const override { return {{"POST", "/a"}, {"GET", "/b"}}; }
  Verification verify(const InboundRequest& request) override {
    if (request.body == "throw") throw std::runtime_error("bad signature");
    if (request.body == "odd") return Verification::refuse(200);
    return request.header("x-key") == "k" ? Verification::accept() : Verification::refuse();
  }
  Task<InboundReply> handle(InboundRequest request) override {
    if (request.query == "throw") throw std::runtime_error("inside");
    if (request.query == "slow") co_await clock().sleep_for(seconds(3));
    co_await clock().sleep_for(seconds(1));
    co_return InboundReply{.status = 202, .content_type = "text/plain", .body = request.method + request.path + request.body};
  }

  Task<ReconcileResult> reconcile(Message message) override {
    co_await clock().sleep_for(seconds(1));
    if (message.delivery_id() == "found") co_return ReconcileResult::found({{"id", "7"}});
    if (message.delivery_id() == "absent") co_return ReconcileResult::absent();
    if (message.delivery_id() == "later") co_return ReconcileResult::later(seconds(7), "busy");
    if (message.delivery_id() == "throws") throw std::runtime_error("cannot connect");
    co_return ReconcileResult::unknown("cannot determine");
  }

  std::expected<nlohmann::json, std::string> render(const Message& message) const override {
    if (message.delivery_id() == "bad") return std::unexpected("cannot be shown");
    if (message.delivery_id() == "throws") throw std::runtime_error("broken");
    return nlohmann::json::array({{{"method", "POST"}, {"url", "https://a"}, {"body", message.item().title}}});
  }
};

const sdk::PluginInfo kInfo{.type = "everything", .config_schema_json = R"({"type":"object"})", .version = "2"};

class EverythingTest : public testing::Test {
 protected:
  FakeHost& started() {
    if (!host_.configure(nlohmann::json::object()) || !host_.start()) throw std::logic_error("start");
    return host_;
  }
  FakeHost host_{sdk::detail::Entry<Everything, kInfo>::table()};
};

TEST_F(ProbeTest, AnnouncesNothingItCannotDo) {
  for (const auto* id : {BELFRY_INBOUND_HTTP_1, BELFRY_RECONCILE_1, BELFRY_RENDER_1, "belfry.other/1", ""}) {
    EXPECT_FALSE(host_.has_extension(id)) << id;
  }
}

TEST_F(EverythingTest, AnnouncesWhatItCanDo) {
  for (const auto* id : {BELFRY_INBOUND_HTTP_1, BELFRY_RECONCILE_1, BELFRY_RENDER_1}) EXPECT_TRUE(host_.has_extension(id)) << id;
  EXPECT_FALSE(host_.has_extension("belfry.render/2"));
}

TEST_F(EverythingTest, DescriptorFillsInTheTitle) {
  EXPECT_EQ(sdk::detail::view(host_.descriptor().title), "everything");
  EXPECT_EQ(sdk::detail::view(host_.descriptor().version), "2");
  EXPECT_EQ(host_.descriptor().license.len, 0U);
}

TEST_F(EverythingTest, ProblemsKeepToTheirLine) {
  const auto tabs = host_.configure({{"tabs", 1}});
  ASSERT_FALSE(tabs);
  EXPECT_THAT(tabs.error(), testing::ElementsAre(Problem{"/a b", "first second third"}));
  const auto throws = host_.configure({{"throws", 1}});
  ASSERT_FALSE(throws);
  EXPECT_EQ(throws.error()[0], (Problem{"", "the plugin failed to read its configuration: cannot read"}));
  const auto wrong = host_.configure({{"wrong", "soon"}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error()[0], (Problem{"/wrong", "must be a duration such as 10s, 5m, 24h or 7d"}));
}

TEST_F(EverythingTest, RoutesAndReplies) {
  auto& fake = started();
  const auto routes = fake.routes();
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[1].method + ' ' + routes[1].path, "GET /b");
  const auto reply = fake.inbound({.method = "POST", .path = "/a", .headers = {{"X-Key", "k"}}, .body = "b"});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 202);
  EXPECT_EQ(reply->content_type, "text/plain");
  EXPECT_EQ(reply->body, "POST/ab");
}

TEST_F(EverythingTest, InboundRefusals) {
  auto& fake = started();
  EXPECT_EQ(fake.inbound({.method = "POST", .path = "/a"})->status, 401);
  EXPECT_EQ(fake.inbound({.body = "throw"})->status, 401);
  EXPECT_EQ(fake.inbound({.body = "odd"})->status, 401) << "a refusal is never a success";
  EXPECT_TRUE(fake.logged("verify: bad signature"));
  EXPECT_EQ(fake.inbound({.query = "throw", .headers = {{"X-Key", "k"}}})->status, 500);
  EXPECT_TRUE(fake.logged("inbound request: inside"));
  EXPECT_FALSE(fake.inbound({.query = "slow", .headers = {{"X-Key", "k"}}})) << "later than 2.5 s";
  EXPECT_TRUE(fake.stop());
  EXPECT_THAT(fake.violations(), IsEmpty());
}

TEST_F(EverythingTest, Reconciles) {
  auto& fake = started();
  EXPECT_EQ(fake.reconcile(notification("found")), Outcome::delivered({{"id", "7"}}));
  EXPECT_EQ(fake.reconcile(notification("absent")).code, Outcome::Code::rejected);
  EXPECT_EQ(fake.reconcile(notification("later")), Outcome::rate_limited(seconds(7), sdk::LimitScope::recipient, "busy", "unknown"));
  EXPECT_EQ(fake.reconcile(notification("else")), Outcome::retry("unknown", "cannot determine"));
  EXPECT_EQ(fake.reconcile(notification("throws")), Outcome::retry("plugin_threw", "cannot connect"));
  EXPECT_THAT(fake.violations(), IsEmpty());
}

TEST_F(EverythingTest, Renders) {
  ASSERT_TRUE(host_.configure(nlohmann::json::object()));
  const auto rendered = host_.render(notification());
  ASSERT_TRUE(rendered);
  EXPECT_EQ(rendered->at(0).at("body"), "Workspace 'bobby-workspace' created");
  EXPECT_EQ(host_.render(notification("bad")).error(), "cannot be shown");
  EXPECT_EQ(host_.render(notification("throws")).error(), "broken");
}

}  // namespace
}  // namespace belfry::testkit
