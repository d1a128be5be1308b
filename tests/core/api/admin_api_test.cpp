#include "api/admin_api.hpp"

#include <gtest/gtest.h>

namespace belfry::api {
namespace {

class AdminApiTest : public testing::Test {
 protected:
  net::ServerResponse get(const std::string& path, net::ServerRequest request = {}) { return call("GET", path, std::move(request)); }
  net::ServerResponse post(const std::string& path, net::ServerRequest request = {}) { return call("POST", path, std::move(request)); }

  net::ServerResponse call(const std::string& method, const std::string& path, net::ServerRequest request) {
    AdminBackend backend;
    backend.readiness = [this](auto answer) { answer(reasons_); };
    backend.metrics = [](auto answer) { answer("belfry_build_info 1\n"); };
    backend.status = [](auto answer) { answer(nlohmann::json{{"version", "1"}}); };
    backend.reload = [this](store::Operator by, auto answer) {
      by_ = std::move(by);
      answer(reload_, nlohmann::json{{"success", reload_}});
    };
    backend.sinks = {"slack", "hung"};
    backend.release = [this](const std::string& sink, store::Operator by, auto answer) {
      by_ = std::move(by);
      answer(sink != "hung", nlohmann::json{{"sink", sink}});
    };
    backend.notifications = [this](const RecordedQuery& query, auto answer) {
      last_query_ = query;
      answer(recorded_);
    };
    backend.outcomes = [this](const RecordedQuery& query, auto answer) {
      last_query_ = query;
      answer(outcomes_);
    };
    AccessRules rules;
    rules.token = base::Secret(token_);
    rules.hosts = {"belfry.example.com"};
    const net::Router router(admin_routes(std::move(backend), std::make_shared<const Access>(std::move(rules))));
    request.method = method;
    request.path = path;
    const auto match = router.match(method, path);
    if (match.route == nullptr) return match.refusal;
    request.path_parameters = match.parameters;
    net::ServerResponse got;
    match.route->handler(std::move(request), [&](net::ServerResponse response) { got = std::move(response); });
    return got;
  }

  static net::ServerRequest from(const std::string& remote, const std::string& authorization = {}) {
    net::ServerRequest request;
    request.remote = remote;
    request.headers.add("Host", "localhost:9664");
    if (remote == "unix") request.peer = net::Peer::unix_socket;
    if (!authorization.empty()) request.headers.add("Authorization", authorization);
    return request;
  }

  std::vector<std::string> reasons_;
  bool reload_ = true;
  std::optional<RecordedQuery> last_query_;
  base::Result<store::NotificationPage> recorded_;
  base::Result<RecordedOutcomes> outcomes_;
  std::string token_;
  store::Operator by_;
};

TEST_F(AdminApiTest, AliveAndMetricsNeedNoToken) {
  EXPECT_EQ(get("/healthz").status, 200);
  const auto metrics = get("/metrics", from("127.0.0.1:5000"));
  EXPECT_EQ(metrics.body, "belfry_build_info 1\n");
  EXPECT_EQ(metrics.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(AdminApiTest, MetricsAreForClientsThatUseANameOfThisGateway) {
  for (const auto* host : {"10.0.0.7:9664", "localhost:9664", "belfry.example.com:9664"}) {
    net::ServerRequest request;
    request.headers.add("Host", host);
    EXPECT_EQ(get("/metrics", std::move(request)).status, 200) << host;
  }
  for (const auto peer : {net::Peer::network, net::Peer::unix_socket}) {
    net::ServerRequest rebound;
    rebound.peer = peer;
    rebound.headers.add("Host", "evil.example:9664");
    const auto refused = get("/metrics", std::move(rebound));
    EXPECT_EQ(refused.status, 421);
    EXPECT_NE(refused.body.find("admin.hosts"), std::string::npos) << refused.body;
    auto foreign = from("127.0.0.1:5000");
    foreign.peer = peer;
    foreign.headers.add("Origin", "https://evil.example");
    EXPECT_EQ(get("/metrics", std::move(foreign)).status, 403);
  }
}

TEST_F(AdminApiTest, ReadinessSaysWhyNot) {
  EXPECT_EQ(get("/readyz", from("127.0.0.1:5000")).status, 200);
  reasons_ = {"the store cannot be written: disk full", "sink slack cannot run: no token"};
  const auto response = get("/readyz", from("127.0.0.1:5000"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "not ready\n- the store cannot be written: disk full\n- sink slack cannot run: no token\n");
}

TEST_F(AdminApiTest, ReadinessUnderAnotherNameIsTheStateAlone) {
  net::ServerRequest request;
  request.headers.add("Host", "pool-7.balancer.internal");
  EXPECT_EQ(get("/readyz", request).body, "ready\n");
  reasons_ = {"the store cannot be written: disk full"};
  EXPECT_EQ(get("/readyz", request).status, 503);
  EXPECT_EQ(get("/readyz", request).body, "not ready\n");
}

TEST_F(AdminApiTest, TheApiIsOpenOnAUnixSocketOnly) {
  EXPECT_EQ(get("/api/v1/status", from("unix")).status, 200);
  EXPECT_EQ(get("/api/v1/status", from("127.0.0.1:5000")).status, 404);
  EXPECT_EQ(get("/api/v1/status", from("127.0.0.1:5000", "Bearer ")).status, 404);
}

TEST_F(AdminApiTest, HowAPeerIsShownOpensNothing) {
  auto request = from("unix");
  request.peer = net::Peer::network;
  EXPECT_EQ(get("/api/v1/status", request).status, 404);
  EXPECT_EQ(post("/api/v1/reload", request).status, 404);
  EXPECT_EQ(post("/api/v1/sinks/slack/release", request).status, 404);
}

TEST_F(AdminApiTest, ReleasesASink) {
  auto request = from("unix");
  request.peer_uid = 0;
  const auto released = post("/api/v1/sinks/slack/release", request);
  EXPECT_EQ(released.status, 200);
  EXPECT_EQ(nlohmann::json::parse(released.body), nlohmann::json({{"sink", "slack"}}));
  EXPECT_EQ(by_.name, "root (uid 0)");
  EXPECT_EQ(post("/api/v1/sinks/hung/release", from("unix")).status, 409);
  EXPECT_EQ(post("/api/v1/sinks/slack/release", from("127.0.0.1:5000")).status, 404);
  const auto unknown = post("/api/v1/sinks/teams/release", from("unix"));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, "{\"error\":\"there is no sink \\\"teams\\\"; the sinks are slack and hung\"}\n");
}

TEST_F(AdminApiTest, AReloadThatIsRefusedIsADocumentToo) {
  EXPECT_EQ(post("/api/v1/reload", from("127.0.0.1:5000")).status, 404);
  EXPECT_EQ(post("/api/v1/reload", from("unix")).status, 200);
  reload_ = false;
  const auto refused = post("/api/v1/reload", from("unix"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.body, "{\"success\":false}\n");
  EXPECT_EQ(refused.headers.get("content-type"), "application/json");
}

TEST_F(AdminApiTest, AReasonMayComeWithAChange) {
  auto request = from("unix");
  request.headers.add("Content-Type", "application/json; charset=utf-8");
  request.body = R"({"reason":" the new rules "})";
  EXPECT_EQ(post("/api/v1/reload", request).status, 200);
  EXPECT_EQ(by_.reason, "the new rules");
}

TEST_F(AdminApiTest, OverTcpATokenIsWanted) {
  token_ = "let-me-in";
  EXPECT_EQ(get("/api/v1/status", from("127.0.0.1:5000", "Bearer let-me-in")).status, 200);
  EXPECT_EQ(get("/api/v1/status", from("unix")).status, 200);
  for (const auto* wrong : {"", "Bearer let-me-out", "Bearer let-me-in ", "let-me-in", "Basic let-me-in"}) {
    const auto response = get("/api/v1/status", from("127.0.0.1:5000", wrong));
    EXPECT_EQ(response.status, 401) << wrong;
    EXPECT_TRUE(response.headers.get("WWW-Authenticate")) << wrong;
    EXPECT_EQ(response.body.find("let-me-in"), std::string::npos);
  }
}

TEST_F(AdminApiTest, OutcomesComeALineEachWithTheConfigurationInUse) {
  outcomes_ = RecordedOutcomes{.lines = {"{\"a\":1}"}, .sensitive = 3, .next = 17, .configuration = "/b.yaml", .fingerprint = "00ff"};
  auto request = from("unix");
  request.query = "since=2026-01-31T09:00:00Z&from=5";
  const auto response = get("/api/v1/notifications/outcomes", request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"a\":1}\n{\"configuration\":\"/b.yaml\",\"fingerprint\":\"00ff\",\"next\":17,\"sensitive\":3}\n");
  EXPECT_EQ(last_query_->cursor, 5);
  outcomes_->configuration.clear();
  EXPECT_TRUE(get("/api/v1/notifications/outcomes", request).body.contains("\"configuration\":null"));
  request.query = "since=yesterday";
  EXPECT_EQ(get("/api/v1/notifications/outcomes", request).status, 400);
  outcomes_ = base::fail(base::ErrorCode::unavailable, "closed");
  EXPECT_EQ(get("/api/v1/notifications/outcomes", from("unix")).status, 503);
  EXPECT_EQ(get("/api/v1/notifications/outcomes", from("127.0.0.1:5000")).status, 404) << "notifications are not exposed over TCP";
}

TEST_F(AdminApiTest, WhatWasAcceptedComesALineEach) {
  recorded_ = store::NotificationPage{.notifications = {"{\"a\":1}", "{\"b\":2}"}, .sensitive = 3, .next = 17};
  auto request = from("unix");
  request.query = "since=2026-01-31T09:00:00Z&from=5";
  auto response = get("/api/v1/notifications", request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"a\":1}\n{\"b\":2}\n{\"next\":17,\"sensitive\":3}\n");
  ASSERT_TRUE(last_query_);
  EXPECT_EQ(base::to_rfc3339(last_query_->since), "2026-01-31T09:00:00.000Z");
  EXPECT_EQ(last_query_->cursor, 5);
  for (const auto* query : {"since=yesterday", "from=-1", "from=x", "from=1x", "form=1", "from=1&from=2"}) {
    request.query = query;
    EXPECT_EQ(get("/api/v1/notifications", request).status, 400) << query;
  }
  request.query.clear();
  EXPECT_EQ(get("/api/v1/notifications", request).status, 200);
  recorded_ = base::fail(base::ErrorCode::unavailable, "closed");
  EXPECT_EQ(get("/api/v1/notifications", request).status, 503);
  EXPECT_EQ(get("/api/v1/notifications", from("127.0.0.1:5000")).status, 404) << "notifications are not exposed over TCP";
}

}  // namespace
}  // namespace belfry::api
