#include "api/admin/operations.hpp"

#include "core/api/operator_fixture.hpp"

namespace belfry::api {
namespace {

using nlohmann::json;

class OperationsApiTest : public OperatorFixture {};

TEST_F(OperationsApiTest, ExplainsForAPersonOrAnId) {
  answer_ = WhyAnswer{.explanations = {{.notification = "n1", .source = "coder", .text = "Received."}}};
  const auto response = call("GET", "/api/v1/why?to=ada@example.com&since=36h");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(query_->to, "ada@example.com");
  EXPECT_EQ(base::to_rfc3339(query_->since), "2026-01-30T00:00:00.000Z");
  EXPECT_EQ(json::parse(response.body).at("explanations").at(0).at("text"), "Received.");
  EXPECT_EQ(call("GET", "/api/v1/why?id=m%201").status, 200);
  EXPECT_EQ(query_->id, "m 1");
  answer_ = WhyAnswer{.heard = {{.source = "coder", .msg_id = "m1"}}, .text = "Nothing arrived."};
  const auto none = json::parse(call("GET", "/api/v1/why?to=ada@example.com").body);
  EXPECT_EQ(none.at("text"), "Nothing arrived.");
  EXPECT_EQ(none.at("heard").at(0).at("source"), "coder");
  for (const auto* query :
       {"", "?to=ada", "?to=a@b.c&id=1", "?id=1&since=2d", "?since=2d", "?to=a@b.c&since=x", "?to=a@b.c,d@e.f", "?who=a@b.c"})
    EXPECT_EQ(call("GET", std::string("/api/v1/why") + query).status, 400) << query;
}

TEST_F(OperationsApiTest, PagesThroughTheAuditLog) {
  actions_ = {{.id = 9, .action = "retry", .by = "token alice"}, {.id = 8, .action = "send"}, {.id = 7, .action = "reload"}};
  const auto first = json::parse(call("GET", "/api/v1/audit?limit=2").body);
  EXPECT_EQ(before_, 0);
  EXPECT_EQ(first.at("actions").size(), 2U);
  EXPECT_EQ(first.at("actions").at(0).at("by"), "token alice");
  EXPECT_EQ(first.at("next"), "a1-8");
  const auto second = json::parse(call("GET", "/api/v1/audit?cursor=a1-8").body);
  EXPECT_EQ(before_, 8);
  EXPECT_TRUE(second.at("next").is_null());
  for (const auto* query : {"cursor=d1-8", "cursor=8", "limit=0", "limit=1001", "by=alice"})
    EXPECT_EQ(call("GET", std::string("/api/v1/audit?") + query).status, 400) << query;
}

TEST_F(OperationsApiTest, SendsATestNotification) {
  const auto response =
      call("POST", "/api/v1/send",
           R"({"to":"ada@example.com","sink":"slack","title":"Hi","body":"a\nb","severity":"warning","reason":"new channel"})");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(json::parse(response.body), json({{"notification", "n1"}, {"deliveries", {"d1", "d2"}}}));
  EXPECT_EQ(message_->body, "a\nb");
  EXPECT_EQ(by_.reason, "new channel");
  message_.reset();
  for (const auto* body : {"", "{}", R"({"to":"ada"})", R"({"to":"a@b.c\r\nBcc: x@y.z"})", R"({"to":"a@b.c, d@e.f"})",
                           R"({"to":["a@b.c"]})", R"({"to":"a@b.c","severity":"loud"})", R"({"to":"a@b.c","title":"a\nb"})",
                           R"({"to":"a@b.c","body":"\u0007"})", R"({"to":"a@b.c","from":"x"})"})
    EXPECT_EQ(call("POST", "/api/v1/send", body).status, 400) << body;
  EXPECT_FALSE(message_);
  sent_ = base::fail(base::ErrorCode::invalid, "there is no sink \"teams\"; the sinks are slack");
  EXPECT_EQ(call("POST", "/api/v1/send", R"({"to":"ada@example.com","sink":"teams"})").status, 422);
  sent_ = base::fail(base::ErrorCode::unavailable, "the store is full");
  EXPECT_EQ(call("POST", "/api/v1/send", R"({"to":"ada@example.com"})").status, 503);
}

TEST_F(OperationsApiTest, ShowsAndChangesTheLogLevel) {
  EXPECT_EQ(call("GET", "/api/v1/log-level").body, "{\"level\":\"info\"}\n");
  EXPECT_EQ(call("PUT", "/api/v1/log-level", R"({"level":"debug"})").body, "{\"level\":\"debug\"}\n");
  EXPECT_EQ(level_, base::LogLevel::debug);
  for (const auto* body : {"", "{}", R"({"level":"trace"})", R"({"level":0})", R"({"level":"DEBUG"})"})
    EXPECT_EQ(call("PUT", "/api/v1/log-level", body).status, 400) << body;
  EXPECT_EQ(level_, base::LogLevel::debug);
  EXPECT_EQ(call("POST", "/api/v1/log-level", R"({"level":"info"})").status, 405);
}

TEST_F(OperationsApiTest, AMemberThatOccursTwiceIsRefused) {
  for (const auto* body :
       {R"({"level":"info","level":"debug"})", R"({"level":"info","le\u0076el":"debug"})", R"({"level":"info","level":"info"})"}) {
    const auto refused = call("PUT", "/api/v1/log-level", body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(error_of(refused), "the body has the member \"level\" twice in one object; send it once");
  }
  EXPECT_EQ(level_, base::LogLevel::info);
}

TEST_F(OperationsApiTest, EveryPathIsClosedToStrangers) {
  rules_.token = base::Secret("let-me-in");
  for (const auto& [method, path] : std::vector<std::pair<const char*, const char*>>{{"GET", "deliveries"},
                                                                                     {"GET", "deliveries/d1"},
                                                                                     {"POST", "deliveries/d1/retry"},
                                                                                     {"POST", "deliveries/d1/discard"},
                                                                                     {"POST", "deliveries/retry"},
                                                                                     {"POST", "deliveries/discard"},
                                                                                     {"GET", "jobs/j1"},
                                                                                     {"GET", "why"},
                                                                                     {"GET", "audit"},
                                                                                     {"POST", "send"},
                                                                                     {"GET", "log-level"},
                                                                                     {"PUT", "log-level"},
                                                                                     {"GET", "status"},
                                                                                     {"POST", "reload"},
                                                                                     {"POST", "backup"},
                                                                                     {"GET", "backup/data"},
                                                                                     {"GET", "notifications"},
                                                                                     {"GET", "notifications/outcomes"},
                                                                                     {"POST", "sinks/slack/release"}}) {
    net::ServerRequest request;
    request.method = method;
    request.path = std::string("/api/v1/") + path;
    request.headers.add("Host", "localhost");
    EXPECT_EQ(send(request).status, 401) << method << " " << path;
    request.headers.add("Authorization", "Bearer let-me-in");
    request.headers.add("Origin", "https://evil.example");
    EXPECT_EQ(send(request).status, 403) << method << " " << path;
  }
}

}  // namespace
}  // namespace belfry::api
