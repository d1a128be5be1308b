// HttpResult and http_outcome: statuses, Retry-After, headers.
#include <gtest/gtest.h>

#include <set>

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

TEST(HttpOutcomeTest, WhatIsOnNoListIsNotFinal) {
  const std::set<int> final = {400, 413, 414, 415, 422, 431};
  for (int status = 100; status < 1000; ++status) {
    if (status >= 200 && status < 300) continue;
    EXPECT_EQ(http_outcome(answered(status)).code == Code::rejected, final.contains(status)) << status;
  }
}

TEST(HttpOutcomeTest, RetryAfterIsKept) {
  EXPECT_EQ(http_outcome(answered(429, {{"Retry-After", "17"}})).after, seconds(17));
  EXPECT_EQ(http_outcome(answered(429), seconds(5)).after, seconds(5));
  EXPECT_EQ(http_outcome(answered(503, {{"retry-after", "60"}})).after, seconds(60));
  EXPECT_EQ(http_outcome(answered(503)).after, std::nullopt);
}

TEST(HttpOutcomeTest, RetryAfterMayBeADate) {
  const auto wait = [](const char* date, const char* retry_after) {
    return answered(429, {{"Date", date}, {"Retry-After", retry_after}}).retry_after();
  };
  for (const auto* date : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(wait(date, "Sun, 06 Nov 1994 08:49:54 GMT"), seconds(17)) << date << ": by the clock of the remote";
    EXPECT_EQ(wait("Sun, 06 Nov 1994 08:49:30 GMT", date), seconds(7)) << date;
    EXPECT_EQ(wait("Mon, 07 Nov 1994 00:00:00 GMT", date), seconds(0)) << date << ": has passed";
  }
  EXPECT_EQ(wait("Wed, 28 Feb 2024 23:59:59 GMT", "Thu, 29 Feb 2024 00:00:00 GMT"), seconds(1));
  EXPECT_EQ(wait("Sat, 31 Dec 2016 23:59:59 GMT", "Sat, 31 Dec 2016 23:59:60 GMT"), seconds(1)) << "a leap second";
  EXPECT_GT(wait("Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"), std::chrono::years(8000));
  EXPECT_EQ(answered(429, {{"Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"}}).retry_after(), seconds(0)) << "by the clock here";
  EXPECT_GT(answered(429, {{"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"}, {"Date", "yesterday"}}).retry_after(), seconds(0));
  EXPECT_EQ(
      http_outcome(answered(429, {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"Retry-After", "Sun, 06 Nov 1994 08:49:54 GMT"}})).after,
      seconds(17));
}

TEST(HttpOutcomeTest, AnythingElseIsNoRetryAfter) {
  for (const auto* wrong : {"", "soon", "-1", "1.5", " 7", "99999999999999999999", "Fri, 31 Dec 1999 23:59:59",
                            "Fri, 31 Dec 1999 23:59:59 CET", "Fri, 32 Dec 1999 23:59:59 GMT", "Fri, 31 Dez 1999 23:59:59 GMT",
                            "Fri, 31 Dec 1999 24:00:00 GMT", "Fri, 31 Dec 1999 23:59:59 GMT "}) {
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
