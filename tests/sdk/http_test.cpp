// What an HTTP result says by itself.
#include <gtest/gtest.h>

#include "belfry/sdk.hpp"

namespace belfry {
namespace {

using Code = Outcome::Code;
using std::chrono::seconds;

HttpResult answered(int status, Headers headers = {}) { return {.status = status, .headers = std::move(headers)}; }

HttpResult failed(HttpError error, bool sent) { return {.error = error, .request_sent = sent, .error_text = "why"}; }

TEST(HttpOutcomeTest, EveryStatusHasAnOutcome) {
  const std::pair<int, Code> table[] = {
      {200, Code::delivered},     {204, Code::delivered},     {301, Code::misconfigured}, {308, Code::misconfigured},
      {400, Code::rejected},      {401, Code::misconfigured}, {403, Code::misconfigured}, {404, Code::misconfigured},
      {405, Code::misconfigured}, {407, Code::misconfigured}, {408, Code::retry},         {410, Code::misconfigured},
      {413, Code::rejected},      {422, Code::rejected},      {425, Code::retry},         {429, Code::rate_limited},
      {500, Code::retry},         {502, Code::retry},         {503, Code::retry},         {599, Code::retry}};
  for (const auto& [status, code] : table) {
    const auto outcome = http_outcome(answered(status));
    EXPECT_EQ(outcome.code, code) << status;
    EXPECT_EQ(outcome.status, status);
    EXPECT_EQ(outcome.ambiguous, status >= 500) << status;
  }
}

TEST(HttpOutcomeTest, RetryAfterIsKept) {
  EXPECT_EQ(http_outcome(answered(429, {{"Retry-After", "17"}})).after, seconds(17));
  EXPECT_EQ(http_outcome(answered(429), seconds(5)).after, seconds(5));
  EXPECT_EQ(http_outcome(answered(503, {{"retry-after", "60"}})).after, seconds(60));
  EXPECT_EQ(http_outcome(answered(503)).after, std::nullopt);
}

TEST(HttpOutcomeTest, RetryAfterMustBeSeconds) {
  for (const auto* wrong : {"", "soon", "-1", "1.5", " 7", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999999999999"}) {
    EXPECT_EQ(answered(429, {{"Retry-After", wrong}}).retry_after(), std::nullopt) << wrong;
  }
  EXPECT_EQ(answered(429, {{"RETRY-AFTER", "0"}}).retry_after(), seconds(0));
}

TEST(HttpOutcomeTest, NoAnswerIsARetryThatSaysWhetherItMayHaveArrived) {
  EXPECT_EQ(http_outcome(failed(HttpError::timeout, true)), Outcome::retry("timeout", "why").maybe_delivered());
  EXPECT_EQ(http_outcome(failed(HttpError::connect, false)), Outcome::retry("connection", "why"));
  EXPECT_EQ(http_outcome(failed(HttpError::tls, false)), Outcome::retry("tls", "why"));
  EXPECT_EQ(http_outcome(failed(HttpError::invalid, false)), Outcome::rejected("invalid_request", "why"));
  EXPECT_EQ(http_outcome(failed(static_cast<HttpError>(99), true)), Outcome::retry("connection", "why").maybe_delivered());
}

TEST(HeadersTest, AreFoundWithoutCase) {
  const Headers headers{{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(find_header(headers, "CONTENT-TYPE"), "a");
  EXPECT_EQ(find_header(headers, "Content-Typ"), "");
  EXPECT_EQ(find_header({}, ""), "");
}

}  // namespace
}  // namespace belfry
