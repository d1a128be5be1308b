#include "net/server/router.hpp"

#include <gtest/gtest.h>

namespace belfry::net {
namespace {

const RequestHandler kHandler = [](const ServerRequest&, Reply) {};

RouteTable table() {
  return {{"/v1/webhook", {.methods = {"POST"}, .handler = kHandler}}, {"/healthz", {.methods = {"GET", "DELETE"}, .handler = kHandler}}};
}

TEST(Router, Decides) {
  const Router router(table());
  struct Case {
    const char *method, *path;
    int refusal;  // 0: accepted
    const char* allow;
  };
  for (const auto& c : std::vector<Case>{
           {"POST", "/v1/webhook", 0, ""},
           {"GET", "/healthz", 0, ""},
           {"HEAD", "/healthz", 0, ""},
           {"GET", "/v1/webhook", 405, "POST"},
           {"HEAD", "/v1/webhook", 405, "POST"},
           {"post", "/v1/webhook", 405, "POST"},
           {"", "/v1/webhook", 405, "POST"},
           {"POST", "/healthz", 405, "DELETE, GET, HEAD"},
           {"POST", "/v1/webhook/", 404, ""},
           {"POST", "/V1/webhook", 404, ""},
           {"POST", "/v1", 404, ""},
           {"POST", "", 404, ""},
           {"OPTIONS", "*", 404, ""},
       }) {
    SCOPED_TRACE(std::string(c.method) + " " + c.path);
    const auto match = router.match(c.method, c.path);
    if (c.refusal == 0) {
      ASSERT_NE(match.route, nullptr);
      continue;
    }
    ASSERT_EQ(match.route, nullptr);
    EXPECT_EQ(match.refusal.status, c.refusal);
    EXPECT_EQ(match.refusal.headers.get("allow").value_or(""), c.allow);
    EXPECT_EQ(match.refusal.body.back(), '\n');
    EXPECT_LT(match.refusal.body.size(), 512U);
  }
}

TEST(Router, ANearMissIsToldWhereItMeant) {
  const Router router(table());
  for (const char* path : {"/v1/webhook/", "/v1/webhook//", "//v1//webhook", "/V1/Webhook", "/v1/webhok", "/v1/webhooks", "v1/webhook"}) {
    const auto match = router.match("POST", path);
    EXPECT_EQ(match.suggested_path, "/v1/webhook") << path;
    EXPECT_EQ(match.refusal.body, "nothing is served at this path; did you mean /v1/webhook?\n") << path;
  }
  for (const std::string path : {"/", "", "/robots.txt", "/wp-login.php", "/v1", "*"}) {
    const auto match = router.match("POST", path);
    EXPECT_EQ(match.suggested_path, "") << path;
    EXPECT_EQ(match.refusal.body, "nothing is served at this path\n") << path;
  }
  EXPECT_EQ(router.match("POST", "/" + std::string(100'000, 'v')).suggested_path, "");
  EXPECT_EQ(Router(RouteTable{}).match("GET", "/v1/webhook").suggested_path, "");
}

TEST(Router, AReplacedTableStaysWithTheRequestsItWasFoundFor) {
  Router router(table());
  const auto before = router.match("POST", "/v1/webhook");
  router.replace({{"/other", {.methods = {"GET"}, .handler = kHandler}}});
  EXPECT_EQ(router.match("POST", "/v1/webhook").refusal.status, 404);
  EXPECT_NE(router.match("GET", "/other").route, nullptr);
  EXPECT_TRUE(before.route->methods.contains("POST"));
}

RouteTable table_with_parameters() {
  return {{"/deliveries", {.methods = {"GET"}, .handler = kHandler}},
          {"/deliveries/retry", {.methods = {"POST"}, .handler = kHandler}},
          {"/deliveries/{id}", {.methods = {"GET"}, .handler = kHandler, .has_parameters = true}},
          {"/deliveries/{id}/retry", {.methods = {"POST"}, .handler = kHandler, .has_parameters = true}},
          {"/sinks/{name}/of/{id}", {.methods = {"GET"}, .handler = kHandler, .has_parameters = true}}};
}

using Parameters = std::vector<Headers::Pair>;

TEST(RouterParameters, AreTheDecodedSegments) {
  const Router router(table_with_parameters());
  struct Case {
    const char *method, *path, *pattern;
    Parameters parameters;
  };
  for (const auto& c : std::vector<Case>{
           {"GET", "/deliveries", "", {}},
           {"POST", "/deliveries/retry", "", {}},
           {"GET", "/deliveries/retry", "/deliveries/{id}", {{"id", "retry"}}},
           {"GET", "/deliveries/4711", "/deliveries/{id}", {{"id", "4711"}}},
           {"HEAD", "/deliveries/4711", "/deliveries/{id}", {{"id", "4711"}}},
           {"GET", "/deliveries/{id}", "/deliveries/{id}", {{"id", "{id}"}}},
           {"GET", "/deliveries/a%2Fb%20%c3%a4%25", "/deliveries/{id}", {{"id", "a/b \u00e4%"}}},
           {"GET", "/deliveries/..", "/deliveries/{id}", {{"id", ".."}}},
           {"GET", "/deliveries/a+b", "/deliveries/{id}", {{"id", "a+b"}}},
           {"POST", "/deliveries/retry/retry", "/deliveries/{id}/retry", {{"id", "retry"}}},
           {"GET", "/sinks/slack/of/7", "/sinks/{name}/of/{id}", {{"name", "slack"}, {"id", "7"}}},
       }) {
    SCOPED_TRACE(c.path);
    const auto match = router.match(c.method, c.path);
    ASSERT_NE(match.route, nullptr) << match.refusal.body;
    EXPECT_EQ(match.parameters, c.parameters);
    EXPECT_EQ(match.pattern, c.pattern);
  }
}

TEST(RouterParameters, AreRefusedIfTheyAreNoText) {
  const Router router(table_with_parameters());
  struct Case {
    std::string method, path;
    int refusal;
    std::string why;
  };
  for (const auto& c : std::vector<Case>{
           {"GET", "/deliveries/", 404, "did you mean /deliveries?"},
           {"POST", "/deliveries//retry", 404, "nothing is served"},
           {"GET", "/deliveries/1/2", 404, "nothing is served"},
           {"GET", "/sinks/slack/of/", 404, "nothing is served"},
           {"PUT", "/deliveries/retry", 405, "accepts POST"},
           {"DELETE", "/deliveries/1", 405, "accepts GET, HEAD"},
           {"GET", "/deliveries/%", 400, "% without two hexadecimal digits"},
           {"GET", "/deliveries/%4", 400, "% without two hexadecimal digits"},
           {"GET", "/deliveries/%zz", 400, "% without two hexadecimal digits"},
           {"GET", "/deliveries/%00", 400, "control characters"},
           {"GET", "/deliveries/%1b[31m", 400, "control characters"},
           {"GET", "/deliveries/a%0ab", 400, "control characters"},
           {"GET", "/deliveries/%ff", 400, "UTF-8"},
           {"GET", "/deliveries/%c0%af", 400, "UTF-8"},
           {"GET", "/deliveries/" + std::string(Router::kMaxParameter + 1, 'x'), 400, "longer than 256 bytes"},
       }) {
    SCOPED_TRACE(c.path);
    const auto match = router.match(c.method, c.path);
    ASSERT_EQ(match.route, nullptr);
    EXPECT_EQ(match.refusal.status, c.refusal);
    EXPECT_NE(match.refusal.body.find(c.why), std::string::npos) << match.refusal.body;
  }
  EXPECT_NE(router.match("GET", "/deliveries/" + std::string(Router::kMaxParameter, 'x')).route, nullptr);
}

TEST(RouterParameters, ABraceInAnOrdinaryPathIsABrace) {
  const Router router({{"/{hook}", {.methods = {"POST"}, .handler = kHandler}}});
  EXPECT_NE(router.match("POST", "/{hook}").route, nullptr);
  EXPECT_EQ(router.match("POST", "/hook").refusal.status, 404);
}

TEST(Headers, AreFoundWhateverTheirCase) {
  const Headers headers = {{"X-Message-Id", "1"}, {"x-message-id", "2"}};
  EXPECT_EQ(headers.get("X-MESSAGE-ID"), "1");
  EXPECT_EQ(headers.get("X-Message-I"), std::nullopt);
  EXPECT_EQ(Headers().get(""), std::nullopt);
}

TEST(TextResponse, IsOneShortLine) {
  const auto long_one = text_response(400, std::string(5'000, 'x'));
  EXPECT_LT(long_one.body.size(), 512U);
  EXPECT_EQ(text_response(400, "a\r\nb").body, "a  b\n");
}

}  // namespace
}  // namespace belfry::net
