#include <belfry/testkit/conformance.hpp>

struct Chat {
  static const belfry_plugin_entry* entry() { return belfry::testkit::load_plugin(std::getenv("CHAT_SINK")); }
  static nlohmann::json config() { return {{"url", "https://chat.example/post"}, {"token", "a-secret-token"}}; }
  static std::vector<belfry::testkit::BadConfig> bad_configs() {
    return {{nlohmann::json::object(), "/url"}, {{{"url", "http://chat.example"}}, "/url"}};
  }
  static void script_success(belfry::testkit::FakeHost& host) {
    host.on("POST", "https://chat.example/post", belfry::testkit::Response::of(200));
  }
};
BELFRY_CONFORMANCE(Chat, Chat);

TEST(Chat, SendsTheToken) {
  belfry::testkit::FakeHost host(Chat::entry());
  ASSERT_TRUE(host.configure(Chat::config()));
  ASSERT_TRUE(host.start());
  Chat::script_success(host);
  EXPECT_EQ(host.deliver_and_settle(belfry::testkit::notification()).code, belfry::Outcome::Code::delivered);
  EXPECT_EQ(host.requests().front().header("Authorization"), "Bearer a-secret-token");
  EXPECT_THAT(host.violations(), testing::IsEmpty());
}
