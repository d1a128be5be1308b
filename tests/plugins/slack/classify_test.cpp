#include "slack/classify.hpp"

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
using Then = Reading::Then;

HttpResult answered(int status, std::string body, Headers headers = {}) {
  HttpResult result;
  result.status = status;
  result.body = std::move(body);
  result.headers = std::move(headers);
  return result;
}

HttpResult error(const std::string& code, int status = 200, Headers headers = {}) {
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
  const Reading reading = read(Call::post, answered(200, R"({"ok":true,"channel":"D1","ts":"1.2","warning":"missing_charset"})"));
  EXPECT_FALSE(reading.failure);
  EXPECT_EQ(reading.body["ts"], "1.2");
}

TEST(Read, ALookupChangesNothingAtSlack) {
  EXPECT_FALSE(read(Call::lookup, error("internal_error")).failure->ambiguous);
  EXPECT_FALSE(read(Call::lookup, answered(503, "<html>")).failure->ambiguous);
  EXPECT_FALSE(read(Call::lookup, broken(HttpError::timeout, true)).failure->ambiguous);
}

TEST(Read, NobodyHasTheAddress) {
  const Reading reading = read(Call::lookup, error("users_not_found"));
  EXPECT_EQ(reading.then, Then::nobody);
  EXPECT_EQ(reading.failure->code, rejected);
  EXPECT_EQ(reading.failure->reason, "user_not_found");
}

TEST(Read, RateLimits) {
  const auto pause = [](const Reading& reading) { return *reading.failure->after; };
  Reading reading = read(Call::post, error("ratelimited", 429, {{"Retry-After", "17"}}));
  EXPECT_EQ(pause(reading), seconds(17));
  EXPECT_EQ(reading.failure->scope, LimitScope::credential);
  reading = read(Call::post, error("rate_limited", 429, {{"retry-after", "3"}}));
  EXPECT_EQ(pause(reading), seconds(3));
  EXPECT_EQ(reading.failure->scope, LimitScope::recipient);
  EXPECT_EQ(read(Call::post, error("rate_limited")).failure->scope, LimitScope::recipient);
  reading = read(Call::lookup, answered(429, "<html>slow down</html>", {{"Retry-After", "40"}}));
  EXPECT_EQ(pause(reading), seconds(40));
  EXPECT_EQ(reading.failure->scope, LimitScope::method);
  for (const char* value : {"", "soon", "-1", "1.5", "99999999999999999999"}) {
    EXPECT_EQ(pause(read(Call::post, answered(429, "", {{"Retry-After", value}}))), seconds(30)) << value;
  }
  EXPECT_EQ(pause(read(Call::post, answered(429, "", {{"Retry-After", "0"}}))), seconds(1)) << "no hot loop";
  EXPECT_EQ(pause(read(Call::post, answered(429, "", {{"Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"}}))), seconds(1)) << "has passed";
  EXPECT_EQ(pause(read(Call::post,
                       answered(429, "", {{"Date", "Wed, 21 Oct 2015 07:28:00 GMT"}, {"Retry-After", "Wed, 21 Oct 2015 07:28:40 GMT"}}))),
            seconds(40));
  EXPECT_GE(pause(read(Call::post, error("message_limit_exceeded"))), hours(1));
}

TEST(Read, ConfigurationErrorsSayWhatToDo) {
  const Reading token = read(Call::post, error("invalid_auth"));
  EXPECT_THAT(token.failure->detail, HasSubstr("https://api.slack.com/apps"));
  EXPECT_THAT(token.failure->detail, HasSubstr("bot_token"));
  const Reading scope =
      read(Call::lookup,
           answered(200, R"({"ok":false,"error":"missing_scope","needed":"users:read.email","provided":"chat:write,users:read"})"));
  EXPECT_THAT(scope.failure->detail, HasSubstr("needed: users:read.email, provided: chat:write,users:read"));
  EXPECT_THAT(scope.failure->detail, HasSubstr("reinstall"));
}

TEST(Read, BlockErrorsNameTheSpot) {
  const Reading reading = read(
      Call::post,
      answered(
          200,
          R"({"ok":false,"error":"invalid_blocks","errors":["must be less than 3001 characters [json-pointer:/blocks/1/text/text]"]})"));
  EXPECT_THAT(reading.failure->detail, HasSubstr("json-pointer:/blocks/1/text/text"));
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
      const Reading reading = read(Call::post, answered(status, body));
      ASSERT_TRUE(reading.failure) << status << body;
      EXPECT_EQ(reading.failure->code, outcome) << status << body;
      EXPECT_EQ(reading.failure->ambiguous, maybe) << status << body;
      EXPECT_EQ(reading.failure->status, status);
    }
  }
  EXPECT_EQ(read(Call::post, answered(500, R"({"ok":true,"ts":"1"})")).failure->code, retry);
  EXPECT_EQ(read(Call::post, answered(503, "", {{"Retry-After", "9"}})).failure->after, seconds(9));
  EXPECT_EQ(read(Call::post, answered(500, R"({"ok":false,"error":"invalid_auth"})")).failure->code, misconfigured)
      << "Slack's own word counts more than the status";
  const Reading unknown = read(Call::post, answered(503, R"({"ok":false,"error":"a_new_one"})"));
  EXPECT_EQ(unknown.failure->code, retry) << "unless nobody knows the word";
  EXPECT_TRUE(unknown.failure->ambiguous);
  EXPECT_EQ(read(Call::post, answered(200, R"({"ok":false,"error":"a_new_one"})")).failure->code, retry);
  for (int status = 100; status < 1000; ++status) {
    EXPECT_NE(read(Call::post, answered(status, "<html>")).failure->code, rejected) << "Slack has not spoken: " << status;
  }
  EXPECT_EQ(read(Call::post, answered(413, "")).then, Reading::Then::shorter);
  EXPECT_EQ(read(Call::lookup, answered(413, "")).then, Reading::Then::settle);
}

TEST(Read, Transport) {
  for (const HttpError what : {HttpError::resolve, HttpError::connect, HttpError::tls, HttpError::timeout, HttpError::closed,
                               HttpError::too_large, HttpError::malformed, HttpError::refused}) {
    for (const bool sent : {false, true}) {
      const Reading reading = read(Call::post, broken(what, sent));
      EXPECT_EQ(reading.failure->code, retry);
      EXPECT_EQ(reading.failure->ambiguous, sent);
      EXPECT_THAT(reading.failure->detail, HasSubstr("connection refused"));
    }
  }
  EXPECT_EQ(read(Call::post, broken(HttpError::invalid, false)).failure->code, misconfigured);
}

TEST(Read, HostileErrorsStayShortAndClean) {
  const Reading reading = read(Call::post, error(std::string(5000, 'x') + "\n\x1b[31m"));
  EXPECT_EQ(reading.failure->reason, "slack_error");
  EXPECT_LT(reading.failure->detail.size(), 600u);
  EXPECT_EQ(reading.failure->detail.find('\n'), std::string::npos);
  EXPECT_EQ(read(Call::post, answered(200, R"({"ok":false})")).failure->reason, "slack_error");
  EXPECT_EQ(read(Call::post, answered(200, R"({"ok":false,"error":7,"errors":"no list"})")).failure->reason, "slack_error");
}

}  // namespace
}  // namespace belfry::slack
