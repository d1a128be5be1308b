#include "slack/inbound/signature.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace belfry::slack {
namespace {

// The example of docs.slack.dev, verifying requests from Slack.
constexpr std::string_view kTimestamp = "1531420618";
constexpr std::int64_t kSignedAt = 1531420618;
constexpr std::string_view kBody =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA"
    "&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%"
    "2F397700885554"
    "%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
constexpr std::string_view kSignature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
const std::string kDocumentedSecret = "8f742231b10e8888abcd99yyyzzz85a5";

bool check(std::vector<std::string> secrets, std::string_view timestamp, std::string_view signature, std::string_view body,
           std::int64_t now) {
  return is_signed({timestamp, signature, body}, secrets, now);
}

TEST(Signature, AcceptsTheDocumentedExample) { EXPECT_TRUE(check({kDocumentedSecret}, kTimestamp, kSignature, kBody, kSignedAt)); }

TEST(Signature, AcceptsEitherOfTwoSecrets) {
  EXPECT_TRUE(check({"new", kDocumentedSecret}, kTimestamp, kSignature, kBody, kSignedAt));
  EXPECT_TRUE(check({kDocumentedSecret, "new"}, kTimestamp, kSignature, kBody, kSignedAt));
  EXPECT_FALSE(check({"new", "other"}, kTimestamp, kSignature, kBody, kSignedAt));
}

TEST(Signature, AllowsFiveMinutesEitherWay) {
  EXPECT_TRUE(check({kDocumentedSecret}, kTimestamp, kSignature, kBody, kSignedAt + 300));
  EXPECT_TRUE(check({kDocumentedSecret}, kTimestamp, kSignature, kBody, kSignedAt - 300));
  EXPECT_FALSE(check({kDocumentedSecret}, kTimestamp, kSignature, kBody, kSignedAt + 301));
  EXPECT_FALSE(check({kDocumentedSecret}, kTimestamp, kSignature, kBody, kSignedAt - 301));
}

// Anyone may post a large body; it is hashed only if the headers could be valid.
TEST(Signature, JudgesTheHeadersBeforeTheBody) {
  const std::string large(32UL * 1024 * 1024, 'a');
  const auto cost = [&](std::string_view timestamp, std::string_view signature) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_FALSE(check({kDocumentedSecret}, timestamp, signature, large, kSignedAt));
    return std::chrono::steady_clock::now() - began;
  };
  const auto hashed = cost(kTimestamp, kSignature);
  const std::string upper = "v0=" + std::string(64, 'A');
  for (const auto& [timestamp, signature] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"", kSignature}, {"1", kSignature}, {"soon", kSignature}, {kTimestamp, ""}, {kTimestamp, "v0=abc"}, {kTimestamp, upper}})
    EXPECT_LT(cost(timestamp, signature) * 10, hashed) << timestamp << " " << signature;
}

TEST(Signature, RefusesEverythingElse) {
  const std::string signature(kSignature);
  EXPECT_FALSE(check({}, kTimestamp, kSignature, kBody, kSignedAt));
  EXPECT_FALSE(check({""}, kTimestamp, kSignature, kBody, kSignedAt));
  EXPECT_FALSE(check({kDocumentedSecret}, kTimestamp, "", kBody, kSignedAt));
  EXPECT_FALSE(check({kDocumentedSecret}, kTimestamp, "v0=", kBody, kSignedAt));
  EXPECT_FALSE(check({kDocumentedSecret}, kTimestamp, signature.substr(3), kBody, kSignedAt));
  EXPECT_FALSE(check({kDocumentedSecret}, kTimestamp, "v1=" + signature.substr(3), kBody, kSignedAt));
  EXPECT_FALSE(check({kDocumentedSecret}, kTimestamp, signature.substr(0, signature.size() - 1), kBody, kSignedAt));
  EXPECT_FALSE(check({kDocumentedSecret}, kTimestamp, signature + "0", kBody, kSignedAt));
  EXPECT_FALSE(check({kDocumentedSecret}, kTimestamp, kSignature, std::string(kBody) + "&", kSignedAt));
  EXPECT_FALSE(check({kDocumentedSecret}, "1531420619", kSignature, kBody, kSignedAt)) << "the timestamp is signed";
  for (const std::string_view timestamp : {"", "abc", "1531420618x", " 1531420618", "+1531420618", "1531420618.0", "-1531420618",
                                           "99999999999999999999999", "9223372036854775807"}) {
    EXPECT_FALSE(check({kDocumentedSecret}, timestamp, kSignature, kBody, kSignedAt)) << timestamp;
  }
}

}  // namespace
}  // namespace belfry::slack
