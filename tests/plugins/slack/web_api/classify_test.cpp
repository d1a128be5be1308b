#include "slack/web_api/classify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belfry::slack {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using enum Outcome::Code;
using FollowUp = ApiResponse::FollowUp;

HttpResult answered(int status, std::string body, Headers headers = {}) {
  HttpResult result;
  result.status = status;
  result.body = std::move(body);
  result.headers = std::move(headers);
  return result;
}

HttpResult answered_with_error(const std::string& code, int status = 200, Headers headers = {}) {
  return answered(status, json{{"ok", false}, {"error", code}}.dump(), std::move(headers));
}

HttpResult broken(HttpError what, bool sent) {
  HttpResult result;
  result.error = what;
  result.request_sent = sent;
  result.error_text = "connection refused";
  return result;
}

TEST(Read, Success) {
  const ApiResponse response =
      classify(Method::post, answered(200, R"({"ok":true,"channel":"D1","ts":"1.2","warning":"missing_charset"})"));
  EXPECT_FALSE(response.failure);
  EXPECT_EQ(response.body["ts"], "1.2");
}

TEST(Read, ALookupChangesNothingAtSlack) {
  EXPECT_FALSE(classify(Method::lookup, answered_with_error("internal_error")).failure->ambiguous);
  EXPECT_FALSE(classify(Method::lookup, answered(503, "<html>")).failure->ambiguous);
  EXPECT_FALSE(classify(Method::lookup, broken(HttpError::timeout, true)).failure->ambiguous);
}

TEST(Read, NobodyHasTheAddress) {
  const ApiResponse response = classify(Method::lookup, answered_with_error("users_not_found"));
  EXPECT_EQ(response.follow_up, FollowUp::no_such_user);
  EXPECT_EQ(response.failure->code, rejected);
  EXPECT_EQ(response.failure->reason, "user_not_found");
}

TEST(Read, RateLimits) {
  const auto pause = [](const ApiResponse& response) { return *response.failure->after; };
  ApiResponse response = classify(Method::post, answered_with_error("ratelimited", 429, {{"Retry-After", "17"}}));
  EXPECT_EQ(pause(response), seconds(17));
  EXPECT_EQ(response.failure->scope, LimitScope::account);
  response = classify(Method::post, answered_with_error("rate_limited", 429, {{"retry-after", "3"}}));
  EXPECT_EQ(pause(response), seconds(3));
  EXPECT_EQ(response.failure->scope, LimitScope::recipient);
  EXPECT_EQ(classify(Method::post, answered_with_error("rate_limited")).failure->scope, LimitScope::recipient);
  response = classify(Method::lookup, answered(429, "<html>slow down</html>", {{"Retry-After", "40"}}));
  EXPECT_EQ(pause(response), seconds(40));
  EXPECT_EQ(response.failure->scope, LimitScope::method);
  for (const char* value : {"", "soon", "-1", "1.5", "99999999999999999999"}) {
    EXPECT_EQ(pause(classify(Method::post, answered(429, "", {{"Retry-After", value}}))), seconds(30)) << value;
  }
  EXPECT_EQ(pause(classify(Method::post, answered(429, "", {{"Retry-After", "0"}}))), seconds(1)) << "never a busy loop";
  EXPECT_EQ(pause(classify(Method::post, answered(429, "", {{"Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"}}))), seconds(1))
      << "a time in the past";
  EXPECT_EQ(
      pause(classify(Method::post,
                     answered(429, "", {{"Date", "Wed, 21 Oct 2015 07:28:00 GMT"}, {"Retry-After", "Wed, 21 Oct 2015 07:28:40 GMT"}}))),
      seconds(40));
  EXPECT_GE(pause(classify(Method::post, answered_with_error("message_limit_exceeded"))), hours(1));
}

TEST(Read, ConfigurationErrorsSayWhatToDo) {
  const ApiResponse token = classify(Method::post, answered_with_error("invalid_auth"));
  EXPECT_THAT(token.failure->detail, HasSubstr("https://api.slack.com/apps"));
  EXPECT_THAT(token.failure->detail, HasSubstr("bot_token"));
  const ApiResponse scope =
      classify(Method::lookup,
               answered(200, R"({"ok":false,"error":"missing_scope","needed":"users:read.email","provided":"chat:write,users:read"})"));
  EXPECT_THAT(scope.failure->detail, HasSubstr("needed: users:read.email, provided: chat:write,users:read"));
  EXPECT_THAT(scope.failure->detail, HasSubstr("reinstall"));
}

TEST(Read, BlockErrorsNameTheSpot) {
  const ApiResponse response = classify(
      Method::post,
      answered(
          200,
          R"({"ok":false,"error":"invalid_blocks","errors":["must be less than 3001 characters [json-pointer:/blocks/1/text/text]"]})"));
  EXPECT_THAT(response.failure->detail, HasSubstr("json-pointer:/blocks/1/text/text"));
}

struct StatusCase {
  int status;
  Outcome::Code outcome;
  bool maybe;
};

TEST(Read, AnswersThatAreNotSlacks) {
  for (const auto& [status, outcome, maybe] : std::initializer_list<StatusCase>{{200, retry, true},
                                                                                {204, retry, true},
                                                                                {302, misconfigured, false},
                                                                                {308, misconfigured, false},
                                                                                {400, retry, false},
                                                                                {401, misconfigured, false},
                                                                                {403, misconfigured, false},
                                                                                {404, misconfigured, false},
                                                                                {407, misconfigured, false},
                                                                                {408, retry, false},
                                                                                {410, misconfigured, false},
                                                                                {413, retry, false},
                                                                                {500, retry, true},
                                                                                {502, retry, true},
                                                                                {503, retry, true},
                                                                                {599, retry, true}}) {
    for (const char* body : {"", "<!DOCTYPE html><title>Server Error</title>", "[]", "null", R"({"ok":"true"})", "{\"ok\":tr"}) {
      const ApiResponse response = classify(Method::post, answered(status, body));
      ASSERT_TRUE(response.failure) << status << body;
      EXPECT_EQ(response.failure->code, outcome) << status << body;
      EXPECT_EQ(response.failure->ambiguous, maybe) << status << body;
      EXPECT_EQ(response.failure->status, status);
    }
  }
  EXPECT_EQ(classify(Method::post, answered(500, R"({"ok":true,"ts":"1"})")).failure->code, retry);
  EXPECT_EQ(classify(Method::post, answered(503, "", {{"Retry-After", "9"}})).failure->after, seconds(9));
  EXPECT_EQ(classify(Method::post, answered(500, R"({"ok":false,"error":"invalid_auth"})")).failure->code, misconfigured)
      << "Slack's error code takes precedence over the status";
  const ApiResponse unknown = classify(Method::post, answered(503, R"({"ok":false,"error":"a_new_one"})"));
  EXPECT_EQ(unknown.failure->code, retry) << "unless the error code is unknown";
  EXPECT_TRUE(unknown.failure->ambiguous);
  EXPECT_EQ(classify(Method::post, answered(200, R"({"ok":false,"error":"a_new_one"})")).failure->code, retry);
  for (int status = 100; status < 1000; ++status) {
    EXPECT_NE(classify(Method::post, answered(status, "<html>")).failure->code, rejected) << "not a response from Slack: " << status;
  }
  EXPECT_EQ(classify(Method::post, answered(413, "")).follow_up, ApiResponse::FollowUp::shorter);
  EXPECT_EQ(classify(Method::lookup, answered(413, "")).follow_up, ApiResponse::FollowUp::none);
}

TEST(Read, Transport) {
  for (const HttpError what : {HttpError::resolve, HttpError::connect, HttpError::tls, HttpError::timeout, HttpError::closed,
                               HttpError::too_large, HttpError::malformed, HttpError::refused}) {
    for (const bool sent : {false, true}) {
      const ApiResponse response = classify(Method::post, broken(what, sent));
      EXPECT_EQ(response.failure->code, retry);
      EXPECT_EQ(response.failure->ambiguous, sent);
      EXPECT_THAT(response.failure->detail, HasSubstr("connection refused"));
    }
  }
  EXPECT_EQ(classify(Method::post, broken(HttpError::invalid, false)).failure->code, misconfigured);
}

TEST(Read, HostileErrorsStayShortAndClean) {
  const ApiResponse response = classify(Method::post, answered_with_error(std::string(5000, 'x') + "\n\x1b[31m"));
  EXPECT_EQ(response.failure->reason, "slack_error");
  EXPECT_LT(response.failure->detail.size(), 600u);
  EXPECT_EQ(response.failure->detail.find('\n'), std::string::npos);
  EXPECT_EQ(classify(Method::post, answered(200, R"({"ok":false})")).failure->reason, "slack_error");
  EXPECT_EQ(classify(Method::post, answered(200, R"({"ok":false,"error":7,"errors":"no list"})")).failure->reason, "slack_error");
}

}  // namespace
}  // namespace belfry::slack
