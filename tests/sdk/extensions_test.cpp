// Inbound requests, reconciliation and rendering, and how a class announces them.
#include <gmock/gmock.h>

#include "sdk/probe.hpp"

namespace belfry::testkit {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class Everything final : public Sink, public Inbound, public Reconciles, public Renders {
 public:
  Findings configure(const Config& config) override {
    Findings findings;
    if (config.has("tabs")) findings.error("/a\tb", "first\nsecond\tthird", "fourth");
    if (config.has("warns")) {
      findings.warning("/warns", "it is old", "use the new one");
      findings.note("", "it is fast");
    }
    if (config.has("throws")) throw std::runtime_error("cannot read");
    if (config.has("wrong")) (void)config.duration("wrong");
    return findings;
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
    if (message.delivery_id() == "limited") throw OutcomeError(Outcome::rate_limited(seconds(8), LimitScope::account, "slowly"));
    co_return ReconcileResult::unknown("cannot determine");
  }

  std::expected<nlohmann::json, std::string> render(const Message& message) const override {
    if (message.delivery_id() == "bad") return std::unexpected("cannot be shown");
    if (message.delivery_id() == "throws") throw std::runtime_error("broken");
    return nlohmann::json::array({{{"method", "POST"}, {"url", "https://a"}, {"body", message.item().title}}});
  }
};

constexpr sdk::PluginInfo kEverythingInfo{
    .type = "everything",
    .config_schema_json = R"({"type":"object","properties":{"tabs":{},"throws":{},"wrong":{},"warns":{}}})",
    .version = "2",
    .optional_services = {BELFRY_HOST_KV_1, BELFRY_HOST_RECIPIENTS_1},
    .access = BELFRY_ACCESS_FILES | BELFRY_ACCESS_NETWORK,
    .needs_host_minor = 0};

class EverythingTest : public testing::Test {
 protected:
  FakeHost& started() {
    if (!host_.configure(nlohmann::json::object()) || !host_.start()) throw std::logic_error("start");
    return host_;
  }
  FakeHost host_{sdk::detail::Entry<Everything, kEverythingInfo>::table()};
};

TEST_F(ProbeTest, AnnouncesNothingItCannotDo) {
  ASSERT_TRUE(host_.configure(nlohmann::json::object()));
  for (const auto* id :
       {BELFRY_SINK_INBOUND_HTTP_1, BELFRY_SINK_RECONCILE_1, BELFRY_SINK_RENDER_1, BELFRY_HOST_RECONCILE_1, "belfry.sink.other/1", ""}) {
    EXPECT_FALSE(host_.has_extension(id)) << id;
  }
}

TEST_F(EverythingTest, AnnouncesWhatItCanDo) {
  ASSERT_TRUE(host_.configure(nlohmann::json::object()));
  for (const auto* id : {BELFRY_SINK_INBOUND_HTTP_1, BELFRY_SINK_RECONCILE_1, BELFRY_SINK_RENDER_1})
    EXPECT_TRUE(host_.has_extension(id)) << id;
  EXPECT_FALSE(host_.has_extension("belfry.sink.render/2"));
}

TEST_F(EverythingTest, DescriptorFillsInTheTitle) {
  EXPECT_EQ(sdk::detail::view(host_.descriptor().title), "everything");
  EXPECT_EQ(sdk::detail::view(host_.descriptor().version), "2");
  EXPECT_EQ(host_.descriptor().license.len, 0U);
}

TEST_F(EverythingTest, DescriptorNamesServicesAndAccess) {
  const auto texts = [](const belfry_str* all, std::uint32_t count) {
    std::vector<std::string> out;
    for (std::uint32_t i = 0; i < count; ++i) out.emplace_back(sdk::detail::view(all[i]));
    return out;
  };
  const auto& descriptor = host_.descriptor();
  EXPECT_THAT(texts(descriptor.services, descriptor.service_count),
              testing::UnorderedElementsAre(BELFRY_HOST_INBOUND_HTTP_1, BELFRY_HOST_RECONCILE_1))
      << "those of its bases";
  EXPECT_THAT(texts(descriptor.optional_services, descriptor.optional_service_count),
              ElementsAre(BELFRY_HOST_KV_1, BELFRY_HOST_RECIPIENTS_1));
  EXPECT_EQ(descriptor.access, BELFRY_ACCESS_FILES | BELFRY_ACCESS_NETWORK);
  EXPECT_EQ(descriptor.must_understand, 0U);
}

TEST_F(EverythingTest, FindingsArriveAsWritten) {
  using enum Finding::Severity;
  const auto tabs = host_.configure({{"tabs", 1}});
  ASSERT_FALSE(tabs);
  EXPECT_THAT(tabs.error(), ElementsAre(Finding{error, "/a\tb", "first\nsecond\tthird", "fourth"}));
  const auto throws = host_.configure({{"throws", 1}});
  ASSERT_FALSE(throws);
  EXPECT_EQ(throws.error()[0], (Finding{error, "", "the plugin failed to read its configuration: cannot read"}));
  const auto wrong = host_.configure({{"wrong", "soon"}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error()[0], (Finding{error, "/wrong", "must be a duration such as 10s, 5m, 24h or 7d"}));
}

TEST_F(EverythingTest, OnlyAnErrorRefusesTheConfiguration) {
  using enum Finding::Severity;
  const auto accepted = host_.configure({{"warns", 1}});
  ASSERT_TRUE(accepted);
  EXPECT_THAT(*accepted, ElementsAre(Finding{warning, "/warns", "it is old", "use the new one"}, Finding{note, "", "it is fast"}));
  const auto refused = host_.configure({{"warns", 1}, {"tabs", 1}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().size(), 3U);
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
  EXPECT_EQ(fake.reconcile(notification("found")), ReconcileResult::found({{"id", "7"}}));
  EXPECT_EQ(fake.reconcile(notification("absent")), ReconcileResult::absent());
  EXPECT_EQ(fake.reconcile(notification("later")), ReconcileResult::later(seconds(7), "busy"));
  EXPECT_EQ(fake.reconcile(notification("else")), ReconcileResult::unknown("cannot determine"));
  EXPECT_EQ(fake.reconcile(notification("throws")), ReconcileResult::unknown("cannot connect"));
  EXPECT_EQ(fake.reconcile(notification("limited")), ReconcileResult::later(seconds(8), "slowly"));
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
