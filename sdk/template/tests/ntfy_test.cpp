// Tests of the sink with Belfry's test kit: the conformance suite, which every sink has to pass, and what is particular to this one.
#include <belfry/testkit/conformance.hpp>
#include <cstdlib>

namespace {

using belfry::Outcome;
using belfry::testkit::BadConfig;
using belfry::testkit::FakeHost;
using belfry::testkit::notification;
using belfry::testkit::Response;

// The fixture of the suite: how to load the sink, configure it, and script a successful delivery.
struct Ntfy {
  static const belfry_plugin_entry* entry() { return belfry::testkit::load_plugin(std::getenv("NTFY_SINK")); }
  static nlohmann::json config() { return {{"url", "https://ntfy.example"}, {"token", "tk_hunter2hunter2"}}; }
  static std::vector<BadConfig> bad_configs() {
    return {{nlohmann::json::object(), "/url"},
            {{{"url", "https://ntfy.example/a-topic"}}, "/url"},
            {{{"url", "http://ntfy.example"}, {"token", "tk_hunter2hunter2"}}, "/url"},
            {{{"url", "https://ntfy.example"}, {"topic_prefix", "a/b"}}, "/topic_prefix"}};
  }
  static void script_success(FakeHost& host) { host.on("POST", "https://ntfy.example", Response::of(200, R"({"id":"x"})")); }
};
BELFRY_CONFORMANCE(Ntfy, Ntfy);

class NtfyTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(host_.configure(Ntfy::config()));
    ASSERT_TRUE(host_.start());
    Ntfy::script_success(host_);
  }
  FakeHost host_{Ntfy::entry()};
};

TEST_F(NtfyTest, PublishesToTheTopicOfTheRecipient) {
  auto document = notification();
  document["items"][0]["recipient"]["username"] = "bobby";
  document["items"][0]["actions"] = {{{"label", "Open"}, {"url", "https://coder.example/@bobby"}},
                                     {{"label", "No link"}, {"url", "javascript:x"}}};
  const auto outcome = host_.deliver_and_settle(document);
  EXPECT_EQ(outcome.receipt, nlohmann::json({{"data", {{"topic", "coder-bobby"}}}}));
  const auto& request = host_.requests().front();
  EXPECT_EQ(request.header("Authorization"), "Bearer tk_hunter2hunter2");
  EXPECT_EQ(request.json().at("topic"), "coder-bobby");
  EXPECT_EQ(request.json().at("message"), document["items"][0]["body"]);
  EXPECT_EQ(request.json().at("actions"),
            nlohmann::json::parse(R"([{"action": "view", "label": "Open", "url": "https://coder.example/@bobby"}])"));
  EXPECT_THAT(host_.violations(), testing::IsEmpty());
}

TEST_F(NtfyTest, RefusesARecipientWithoutATopic) {
  for (const auto* name : {"", "b/o", "seventy-characters-are-too-many-for-a-topic-of-ntfy-which-has-64-at-most"}) {
    auto document = notification();
    document["items"][0]["recipient"]["username"] = name;
    EXPECT_EQ(host_.deliver_and_settle(document).reason, "no_topic") << name;
  }
  EXPECT_TRUE(host_.requests().empty());
}

TEST_F(NtfyTest, ShortensALongTextBetweenTwoCharacters) {
  auto document = notification();
  std::string body;
  for (int i = 0; i < 3000; ++i) body += "é";
  document["items"][0]["body"] = body;
  ASSERT_EQ(host_.deliver_and_settle(document).code, Outcome::Code::delivered);
  const auto message = host_.requests().front().json().at("message").get<std::string>();
  EXPECT_EQ(message.size(), 4095U);
  EXPECT_TRUE(message.ends_with("é..."));
}

}  // namespace
