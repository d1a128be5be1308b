// The example plugin in Rust, loaded from its library as the gateway loads it.
#include <belfry/testkit/conformance.hpp>
#include <cstdlib>

namespace belfry::testkit {
namespace {

struct RustExample {
  static const belfry_plugin_entry* entry() { return load_plugin(std::getenv("RUST_SINK")); }
  static nlohmann::json config() { return {{"url", "https://example.com/hook"}, {"token", "hunter2-hunter2"}}; }
  static std::vector<BadConfig> bad_configs() {
    return {{nlohmann::json::object(), "/url"},
            {{{"url", "ftp://example.com"}}, "/url"},
            {{{"url", "http://example.com"}, {"token", "hunter2-hunter2"}}, "/url"}};
  }
  static void script_success(FakeHost& host) { host.on("POST", "https://example.com/hook", Response::of(204)); }
};
BELFRY_CONFORMANCE(RustExample, RustExample);

class RustExampleTest : public testing::Test {
 protected:
  void start(const nlohmann::json& config = RustExample::config()) {
    ASSERT_TRUE(host_.configure(config));
    ASSERT_TRUE(host_.start());
    RustExample::script_success(host_);
  }
  void TearDown() override {
    host_.destroy();
    EXPECT_THAT(host_.violations(), testing::IsEmpty());
  }
  FakeHost host_{RustExample::entry()};
};

TEST_F(RustExampleTest, PostsTheDocumentAsItIs) {
  start();
  const auto document = digest(2);
  EXPECT_EQ(host_.deliver_and_settle(document).code, Outcome::Code::delivered);
  ASSERT_EQ(host_.requests().size(), 1U);
  const auto& request = host_.requests().front();
  EXPECT_EQ(request.json(), document);
  EXPECT_EQ(request.header("Content-Type"), "application/json");
  EXPECT_EQ(request.header("Authorization"), "Bearer hunter2-hunter2");
  EXPECT_EQ(request.header("Idempotency-Key"), document.at("delivery_id").get<std::string>());
}

TEST_F(RustExampleTest, ReadsEscapesInTheConfiguration) {
  const std::string url = "https://example.com/hook?q=\"a\\b\",{}[";
  start({{"url", url}});
  ASSERT_EQ(host_.deliver_and_settle(notification()).code, Outcome::Code::delivered);
  EXPECT_EQ(host_.requests().front().url, url);
  EXPECT_EQ(host_.requests().front().header("Authorization"), "");
}

TEST_F(RustExampleTest, KeepsSensitiveTextFromSharedPlaces) {
  start();
  auto document = shared_notification("#general");
  document["sensitive"] = true;
  EXPECT_EQ(host_.deliver_and_settle(document).reason, "sensitive_to_shared");
  document["allow_sensitive"] = true;
  EXPECT_EQ(host_.deliver_and_settle(document).code, Outcome::Code::delivered);
  auto direct = notification();
  direct["sensitive"] = true;
  EXPECT_EQ(host_.deliver_and_settle(direct).code, Outcome::Code::delivered);
}

TEST_F(RustExampleTest, SendsNoTokenThatBreaksAHeader) {
  start();
  host_.rotate_secret("hunter2-hunter2", "hunter2\r\nX: y");
  EXPECT_EQ(host_.deliver_and_settle(notification()).reason, "bad_token");
  EXPECT_TRUE(host_.requests().empty());
}

TEST_F(RustExampleTest, LimitsAnEndlessPause) {
  start();
  host_.expect("POST", "https://example.com", Response::of(429, "", {{"Retry-After", "18446744073709551615"}}));
  EXPECT_EQ(host_.deliver_and_settle(notification()).after, Millis(BELFRY_MAX_RETRY_AFTER_MS));
}

TEST_F(RustExampleTest, CutsALongDetailBetweenTwoCharacters) {
  start();
  auto response = Response::fails(HttpError::connect, false);
  response.result.error_text = "x";
  for (int i = 0; i < 1000; ++i) response.result.error_text += "é";
  host_.expect("POST", "https://example.com", response);
  EXPECT_EQ(host_.deliver_and_settle(notification()).detail.size(), BELFRY_MAX_DETAIL_BYTES - 1U);
}

TEST_F(RustExampleTest, RetriesWhenTheHostTakesNoRequest) {
  start();
  host_.refuse_requests(true);
  EXPECT_EQ(host_.deliver_and_settle(notification()).reason, "too_many_requests");
  host_.refuse_requests(false);
  EXPECT_EQ(host_.deliver_and_settle(notification()).code, Outcome::Code::delivered);
}

TEST_F(RustExampleTest, StopCompletesWhatIsOpen) {
  start();
  host_.hold_responses(true);
  const auto ticket = host_.deliver(notification());
  EXPECT_TRUE(host_.stop(Millis(0)));
  const auto outcome = host_.outcome(ticket);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->reason, "stopping");
  EXPECT_TRUE(outcome->ambiguous);
}

TEST_F(RustExampleTest, StartFailsWithoutHttp) {
  host_.remove_service(BELFRY_HOST_HTTP_CLIENT_1);
  ASSERT_TRUE(host_.configure(RustExample::config()));
  const auto started = host_.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error(), "this gateway does not offer belfry.host.http-client/1");
}

}  // namespace
}  // namespace belfry::testkit
