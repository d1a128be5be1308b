#include "api/webhook_api.hpp"

#include "core/delivery/lane_fixture.hpp"

namespace belfry::api {
namespace {

class CountsReceived final : public delivery::Metrics {
 public:
  void received(std::string_view source, std::string_view result) override { last = std::string(source) + " " + std::string(result); }
  void source_heard(std::string_view source, base::Timestamp at) override { heard[std::string(source)] = at; }
  void attempt_ended(std::string_view, std::string_view, std::string_view, base::Millis) override {}
  void delivery_ended(std::string_view, std::string_view, std::string_view, std::optional<base::Millis>) override {}
  void possible_duplicate(std::string_view) override {}
  std::string last;
  std::map<std::string, base::Timestamp> heard;
};

class WebhookApiTest : public delivery::LaneFixture {
 protected:
  void SetUp() override {
    add("slack", [](const auto&) { return delivery::delivered(); });
    start();
    model::RouteRule everyone;
    everyone.name = "everyone";
    everyone.to = {{"slack"}};
    auto planner = delivery::Planner::compile({.routes = {everyone}}, {{"slack", {{}, std::chrono::hours(1)}}});
    ASSERT_TRUE(planner);
    pipeline_ = std::make_shared<delivery::Acceptor>(std::make_shared<const delivery::Planner>(std::move(*planner)), nullptr, *store_,
                                                     *dispatcher_, zones_, clock_, log_);
  }

  net::ServerResponse post(const std::string& body, const std::string& authorization = {}) {
    const auto route = webhook_route(source_, pipeline_, received_, clock_, log_);
    net::ServerRequest request;
    request.method = "POST";
    request.remote = "127.0.0.1:5000";
    request.body = body;
    if (!authorization.empty()) request.headers.add("Authorization", authorization);
    std::promise<net::ServerResponse> promise;
    route.handler(std::move(request), [&](net::ServerResponse response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  }

  static std::string payload(const std::string& msg_id) {
    return R"({"_version":"1.1","msg_id":")" + msg_id +
           R"(","title":"t","body":"b","payload":{"user_email":"bobby@example.com","actions":null,"labels":null}})";
  }

  WebhookSource source_{"coder", {}, 1024};
  CountsReceived received_;
  std::shared_ptr<delivery::Acceptor> pipeline_;
};

TEST_F(WebhookApiTest, AcceptsAndRecognisesARepetition) {
  EXPECT_EQ(post(payload("m1")).status, 204);
  EXPECT_EQ(received_.last, "coder accepted");
  const auto again = post(payload("m1"));
  EXPECT_EQ(again.status, 204);
  EXPECT_TRUE(again.body.empty());
  EXPECT_EQ(received_.last, "coder duplicate");
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 1));
  EXPECT_EQ(channel("slack").seen().sent.size(), 1U);
}

TEST_F(WebhookApiTest, ASourceIsHeardWithEachNotificationThatIsStored) {
  post(payload("m1"));
  ASSERT_TRUE(received_.heard.contains("coder"));
  EXPECT_LT(clock_.now() - received_.heard["coder"], std::chrono::minutes(1));
  received_.heard.clear();
  post(payload("m1"));
  EXPECT_TRUE(received_.heard.contains("coder")) << "a duplicate, too";
  received_.heard.clear();
  post("{}");
  source_.credentials.bearers = {base::Secret("token")};
  post(payload("m2"));
  EXPECT_TRUE(received_.heard.empty()) << "not with a request that is invalid or unauthorized";
}

TEST_F(WebhookApiTest, NamesWhatIsWrong) {
  const auto response = post(R"({"title":"t","body":"b","payload":{"actions":[]}})");
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("payload.user_email"), std::string::npos) << response.body;
  EXPECT_LT(response.body.size(), 512U);
  EXPECT_EQ(response.headers.get("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(received_.last, "coder invalid");
}

TEST_F(WebhookApiTest, RefusesWrongCredentialsBeforeItReads) {
  source_.credentials.basic_username = "coder";
  source_.credentials.basic_passwords = {base::Secret("correct horse")};
  const auto refused = post("not even JSON", "Basic Y29kZXI6d3Jvbmc=");
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(refused.headers.get("WWW-Authenticate"));
  EXPECT_EQ(received_.last, "coder unauthorized");
  EXPECT_EQ(post(payload("m1"), "Basic Y29kZXI6Y29ycmVjdCBob3JzZQ==").status, 204);
}

TEST_F(WebhookApiTest, AStoreThatCannotKeepItIsA503) {
  store_->close();
  const auto response = post(payload("m1"));
  EXPECT_EQ(response.status, 503);
  EXPECT_TRUE(response.headers.get("Retry-After"));
  EXPECT_EQ(received_.last, "coder refused");
}

}  // namespace
}  // namespace belfry::api
