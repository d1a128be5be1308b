// Requests from Slack, through the plugin: the cases of the official libraries' test suites (listed in README.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "belfry/testkit/conformance.hpp"
#include "plugins/slack/inbound/request_parts.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::IsEmpty;
using testkit::FakeHost;

constexpr const char* kSecret = "secret";

class SlackRequests : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(host.configure({{"bot_token", "xoxb-1"}, {"signing_secret", kSecret}}));
    ASSERT_TRUE(host.start());
  }
  void TearDown() override { EXPECT_THAT(host.violations(), IsEmpty()); }

  std::string timestamp(seconds skew = seconds(0)) const {
    return std::to_string((std::chrono::duration_cast<seconds>(host.now().time_since_epoch()) + skew).count());
  }
  static InboundRequest post(std::string body, const std::string& type, Headers more = {}) {
    InboundRequest request{.method = "POST", .path = "/slack/events", .headers = std::move(more), .body = std::move(body)};
    if (!type.empty()) request.headers.push_back({"Content-Type", type});
    return request;
  }
  InboundRequest signed_post(const std::string& body, const std::string& type, seconds skew = seconds(0), Headers more = {}) const {
    more.push_back({"X-Slack-Request-Timestamp", timestamp(skew)});
    more.push_back({"X-Slack-Signature", request_signature(kSecret, "v0:" + timestamp(skew) + ":" + body)});
    return post(body, type, std::move(more));
  }
  InboundReply ask(const InboundRequest& request) {
    const auto reply = host.inbound(request);
    EXPECT_TRUE(reply) << "no reply in time";
    return reply.value_or(InboundReply{});
  }
  int status(const InboundRequest& request) { return ask(request).status; }

  FakeHost host{testkit::load_plugin(std::filesystem::path(std::getenv("BELFRY_BUILD_DIR")) / "plugins/slack.so")};
};

constexpr const char* kClick = "payload=%7B%22type%22%3A%22block_actions%22%7D";

// ---- verify-request.spec, ExpressReceiver.spec "verifySignatureAndParseRawBody"

TEST_F(SlackRequests, AValidSignature) {
  EXPECT_EQ(status(signed_post(kClick, kFormType)), 200);
  EXPECT_EQ(status(signed_post(R"({"type":"event_callback","foo":"bar"})", kJsonType)), 200);
}

TEST_F(SlackRequests, AnInvalidTimestamp) {
  for (const int skew : {-600, -301, 301, 600, 3600}) EXPECT_EQ(status(signed_post(kClick, kFormType, seconds(skew))), 401) << skew;
  for (const int skew : {-300, -299, 299, 300}) EXPECT_EQ(status(signed_post(kClick, kFormType, seconds(skew))), 200) << skew;
  const std::string words = "Hello there!";
  EXPECT_EQ(
      status(post(kClick, kFormType,
                  {{"X-Slack-Request-Timestamp", words}, {"X-Slack-Signature", request_signature(kSecret, "v0:" + words + ":" + kClick)}})),
      401);
}

TEST_F(SlackRequests, AnInvalidSignature) {
  for (const std::string& signature : {std::string("v0=invalid-signature"), std::string(), std::string("v0="),
                                       request_signature("other", "v0:" + timestamp() + ":" + kClick)})
    EXPECT_EQ(status(post(kClick, kFormType, {{"X-Slack-Request-Timestamp", timestamp()}, {"X-Slack-Signature", signature}})), 401)
        << signature;
  EXPECT_EQ(
      status(post("payload={}", kJsonType, {{"X-Slack-Request-Timestamp", timestamp()}, {"X-Slack-Signature", "v0=invalid-signature"}})),
      401);
}

TEST_F(SlackRequests, MissingHeaders) {
  EXPECT_EQ(status(post(kClick, kFormType)), 401);
  EXPECT_EQ(status(post(kClick, kFormType, {{"X-Slack-Request-Timestamp", timestamp()}})), 401);
  EXPECT_EQ(status(post(kClick, kFormType, {{"X-Slack-Signature", request_signature(kSecret, "v0:" + timestamp() + ":" + kClick)}})), 401);
}

TEST_F(SlackRequests, ABodyThatIsNotTheSignedOne) {
  InboundRequest request = signed_post(kClick, kFormType);
  request.body += "&";
  EXPECT_EQ(status(request), 401);
}

TEST_F(SlackRequests, SignedWithoutAUsableBody) {
  EXPECT_EQ(status(signed_post(kClick, "")), 400) << "no content type";
  EXPECT_EQ(status(signed_post("payload=%7B", kFormType)), 400);
  EXPECT_EQ(status(signed_post("{", kJsonType)), 400);
  EXPECT_EQ(status(signed_post("", kFormType)), 400);
}

// ---- HTTPModuleFunctions.spec

TEST_F(SlackRequests, RetryHeadersChangeNothing) {
  for (const char* number : {"1", "2", "3", "x"}) {
    const Headers retry = {{"X-Slack-Retry-Num", number}, {"X-Slack-Retry-Reason", "timeout"}};
    EXPECT_EQ(status(signed_post(kClick, kFormType, seconds(0), retry)), 200);
  }
  EXPECT_EQ(status(post(kClick, kFormType, {{"X-Slack-Retry-Num", "1"}})), 401);
}

TEST_F(SlackRequests, HeadersAreFoundInAnyCase) {
  InboundRequest request = post(kClick, kFormType);
  request.headers = {{"content-TYPE", kFormType},
                     {"x-slack-request-timestamp", timestamp()},
                     {"X-SLACK-SIGNATURE", request_signature(kSecret, "v0:" + timestamp() + ":" + kClick)}};
  EXPECT_EQ(status(request), 200);
}

TEST_F(SlackRequests, ACertificateCheckComesUnsigned) {
  const InboundReply reply = ask(post("ssl_check=1&token=legacy-fixed-verification-token", kFormType));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
}

TEST_F(SlackRequests, NothingIsSmuggledInACertificateCheck) {
  const InboundReply reply = ask(post("ssl_check=1&payload=%7B%22type%22%3A%22event_callback%22%7D", kFormType));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(status(post(R"({"ssl_check":1,"type":"url_verification","challenge":"x"})", kJsonType)), 401);
}

TEST_F(SlackRequests, EverythingElseNeedsTheSignature) {
  for (const char* body : {"ssl_check=0&token=x", "ssl_check=true&token=x", "ssl_check=&token=x", "token=x"})
    EXPECT_EQ(status(post(body, kFormType)), 401) << body;
  EXPECT_EQ(status(post(R"({"ssl_check":"1"})", kJsonType)), 401);
  EXPECT_EQ(status(post(R"({"type":"url_verification","challenge":"x"})", kJsonType)), 401);
}

TEST_F(SlackRequests, AChallengeIsGivenBack) {
  const InboundReply reply =
      ask(signed_post(R"({"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"})", kJsonType));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(json::parse(reply.body, nullptr, false), (json{{"challenge", "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}}));
}

// ---- HTTPResponseAck.spec, routing: every click is acknowledged at once, regardless of its name

TEST_F(SlackRequests, EveryActionIsAcknowledgedWithoutWaiting) {
  for (const char* body : {
           "payload=%7B%22type%22%3A%22block_actions%22%2C%22actions%22%3A%5B%7B%22action_id%22%3A%22WaXA%22%7D%5D%7D",
           "payload=%7B%22type%22%3A%22block_actions%22%2C%22actions%22%3A%5B%5D%7D",
           "payload=%7B%22type%22%3A%22view_submission%22%7D",
           "payload=%7B%22type%22%3A%22something_new%22%7D",
       }) {
    const Timestamp before = host.now();
    const InboundReply reply = ask(signed_post(body, kFormType));
    EXPECT_EQ(reply.status, 200) << body;
    EXPECT_EQ(reply.body, "") << body;
    EXPECT_EQ(host.now(), before) << "the reply waits for nothing";
  }
  EXPECT_THAT(host.requests(), IsEmpty()) << "and requests nothing";
}

TEST_F(SlackRequests, SentTwiceIsAnsweredTwice) {
  const InboundRequest request = signed_post(kClick, kFormType);
  EXPECT_EQ(status(request), 200);
  EXPECT_EQ(status(request), 200);
}

// ---- verify-signing-secret.spec

TEST(SlackSigningSecret, MayNotBeEmpty) {
  const auto accepts = [](const json& signing_secret) {
    FakeHost host(testkit::load_plugin(std::filesystem::path(std::getenv("BELFRY_BUILD_DIR")) / "plugins/slack.so"));
    return host.configure({{"bot_token", "xoxb-1"}, {"signing_secret", signing_secret}}).has_value();
  };
  EXPECT_TRUE(accepts("my-signing-secret"));
  EXPECT_TRUE(accepts({"new", "old"}));
  for (const json& wrong : {json(""), json(nullptr), json(7), json::array(), json::array({""}), json::array({"a", ""})})
    EXPECT_FALSE(accepts(wrong)) << wrong;
}

}  // namespace
}  // namespace belfry::slack
