#include "slack/inbound/socket_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belfry::slack {
namespace {

using socket::FailureKind;
using socket::Url;
using socket::UrlFailed;
using std::chrono::seconds;
using testing::HasSubstr;

HttpResult answer(int status, std::string body, Headers headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

UrlFailed refused(const HttpResult& result, bool encrypted = true) {
  const socket::Event event = parse_socket_url(result, encrypted);
  const auto* refusal = std::get_if<UrlFailed>(&event);
  EXPECT_NE(refusal, nullptr) << result.body;
  return refusal != nullptr ? *refusal : UrlFailed{};
}

TEST(SocketUrl, IsInTheAnswer) {
  const socket::Event event = parse_socket_url(answer(200, R"({"ok":true,"url":"wss://wss.slack.com/link/?ticket=1"})"), true);
  ASSERT_TRUE(std::holds_alternative<Url>(event));
  EXPECT_EQ(std::get<Url>(event).url, "wss://wss.slack.com/link/?ticket=1");
}

TEST(SocketUrl, IsEncryptedWhereTheApiIs) {
  const HttpResult plain = answer(200, R"({"ok":true,"url":"ws://127.0.0.1/link/"})");
  EXPECT_EQ(refused(plain).kind, FailureKind::transient);
  EXPECT_TRUE(std::holds_alternative<Url>(parse_socket_url(plain, false)));
  for (const char* url : {"", "https://wss.slack.com/", "wss:", "javascript:1"})
    EXPECT_EQ(refused(answer(200, std::string(R"({"ok":true,"url":")") + url + "\"}"), false).kind, FailureKind::transient) << url;
  EXPECT_EQ(refused(answer(200, R"({"ok":true,"url":7})")).kind, FailureKind::transient);
  EXPECT_EQ(refused(answer(200, R"({"ok":true})")).kind, FailureKind::transient);
}

TEST(SocketUrl, ErrorsThatOnlyAPersonCanMendSayHow) {
  for (const auto& [code, advice] : std::vector<std::pair<std::string, std::string>>{
           {"not_authed", "app-level token"},
           {"invalid_auth", "app-level token"},
           {"token_revoked", "app-level token"},
           {"not_allowed_token_type", "app-level token"},
           {"missing_scope", "connections:write"},
           {"account_inactive", "reinstall it"},
           {"user_removed_from_team", "reinstall it"},
           {"team_disabled", "disabled"},
           {"forbidden_team", "administrator"},
       }) {
    const UrlFailed refusal = refused(answer(200, R"({"ok":false,"error":")" + code + "\"}"));
    EXPECT_EQ(refusal.kind, FailureKind::fatal) << code;
    EXPECT_THAT(refusal.why, HasSubstr(code));
    EXPECT_THAT(refusal.why, HasSubstr(advice)) << code;
  }
}

TEST(SocketUrl, OtherErrorsMayGoAway) {
  for (const char* code : {"internal_error", "fatal_error", "service_unavailable", "something_new", ""})
    EXPECT_EQ(refused(answer(200, std::string(R"({"ok":false,"error":")") + code + "\"}")).kind, FailureKind::transient) << code;
  EXPECT_EQ(refused(answer(200, R"({"ok":false})")).kind, FailureKind::transient);
  EXPECT_THAT(refused(answer(200, "{\"ok\":false,\"error\":\"a\\nb" + std::string(5000, 'x') + "\"}")).why.size(), testing::Lt(200U));
}

TEST(SocketUrl, LimitsAreKept) {
  EXPECT_EQ(refused(answer(429, R"({"ok":false,"error":"ratelimited"})", {{"Retry-After", "7"}})).after, seconds(7));
  EXPECT_EQ(refused(answer(429, "<html>")).after, seconds(30));
  EXPECT_EQ(refused(answer(429, "<html>")).kind, FailureKind::limited);
}

TEST(SocketUrl, NotSlacksAnswer) {
  for (const auto& result : {answer(503, "<!DOCTYPE html>"), answer(200, "<html>captive</html>"), answer(200, "[]"), answer(302, ""),
                             answer(500, R"({"ok":true,"url":"wss://wss.slack.com/"})"), answer(407, "")})
    EXPECT_EQ(refused(result).kind, FailureKind::transient) << result.status << result.body;
  EXPECT_EQ(refused(answer(503, "", {{"Retry-After", "9"}})).after, seconds(9));
  const UrlFailed unreachable = refused({.error = HttpError::connect, .error_text = "connection refused"});
  EXPECT_EQ(unreachable.kind, FailureKind::transient);
  EXPECT_THAT(unreachable.why, HasSubstr("connection refused"));
}

}  // namespace
}  // namespace belfry::slack
