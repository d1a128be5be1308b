#include "slack/web_api/token_rotation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belfry::slack {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr Millis kNow = hours(24 * 20'000);

TEST(TokenPairTest, IsDueTwoHoursBeforeItExpires) {
  const TokenPair pair{"a", "r", kNow + hours(12)};
  EXPECT_FALSE(pair.due(kNow + hours(10) - Millis(1)));
  EXPECT_TRUE(pair.due(kNow + hours(10)));
  EXPECT_TRUE(pair.usable(kNow + hours(12) - Millis(1)));
  EXPECT_FALSE(pair.usable(kNow + hours(12)));
  const TokenPair unknown{"a", "r", {}};
  EXPECT_TRUE(unknown.due(kNow));
  EXPECT_TRUE(unknown.usable(kNow));
}

TEST(TokenPairTest, TheRecordComesBackAsItWasKept) {
  for (const TokenRecord& kept :
       {TokenRecord{}, TokenRecord{TokenPair{"a", "r", kNow}, std::nullopt}, TokenRecord{std::nullopt, Lease{"me", kNow}},
        TokenRecord{TokenPair{"a", "r", kNow}, Lease{"me", kNow}}}) {
    EXPECT_EQ(parse_token_record(to_text(kept)), kept);
  }
}

TEST(TokenPairTest, AMalformedRecordIsAsGoodAsNone) {
  for (const char* text : {"", "x", "[]", "7", "{}", R"({"access":"a"})", R"({"access":"a","refresh":7})", R"({"access":"","refresh":"r"})",
                           R"({"lease":7})", R"({"access":["a"],"refresh":"r","expires":"x"})"}) {
    EXPECT_EQ(parse_token_record(text), TokenRecord{}) << text;
  }
}

TEST(TokenPairTest, ALeaseHoldsOthersOffUntilItRunsOut) {
  const TokenRecord kept{std::nullopt, Lease{"me", kNow}};
  EXPECT_TRUE(kept.leased_to_another("you", kNow - Millis(1)));
  EXPECT_FALSE(kept.leased_to_another("you", kNow));
  EXPECT_FALSE(kept.leased_to_another("you", kNow - kMaxLease - Millis(1))) << "the wall clock was set back";
  EXPECT_FALSE(kept.leased_to_another("me", kNow - Millis(1)));
  EXPECT_FALSE(TokenRecord{}.leased_to_another("you", kNow));
}

TEST(TokenPairTest, TheNameOfALineageDoesNotTellTheToken) {
  EXPECT_EQ(lineage_key("xoxe-1-refresh"), lineage_key("xoxe-1-refresh"));
  EXPECT_NE(lineage_key("xoxe-1-refresh"), lineage_key("xoxe-1-refresh2"));
  EXPECT_THAT(lineage_key("xoxe-1-refresh"), Not(HasSubstr("refresh")));
  EXPECT_LE(lineage_key(std::string(60'000, 'x')).size(), 255U);
}

TEST(TokenPairTest, ReadsARenewal) {
  const json good = {{"ok", true}, {"access_token", "a"}, {"refresh_token", "r"}, {"expires_in", 43200}};
  EXPECT_EQ(parse_renewal(good, kNow), (TokenPair{"a", "r", kNow + hours(12)}));
  for (const auto& [key, value] : std::vector<std::pair<const char*, json>>{{"access_token", nullptr},
                                                                            {"access_token", ""},
                                                                            {"refresh_token", 7},
                                                                            {"refresh_token", ""},
                                                                            {"expires_in", 0},
                                                                            {"expires_in", -1},
                                                                            {"expires_in", "43200"},
                                                                            {"expires_in", 9'000'000'000'000'000'000}}) {
    json bad = good;
    bad[key] = value;
    EXPECT_FALSE(parse_renewal(bad, kNow)) << bad;
  }
  EXPECT_FALSE(parse_renewal(json(nullptr), kNow));
}

ApiResponse refused_renewal(const std::string& code) {
  HttpResult result;
  result.status = 200;
  result.body = json{{"ok", false}, {"error", code}}.dump();
  return classify(Method::renew, result);
}

TEST(TokenPairTest, SaysWhatToDoWhenSlackDoesNotRenew) {
  for (const auto& [code, words] :
       std::vector<std::pair<const char*, const char*>>{{"invalid_refresh_token", "token_rotation.refresh_token"},
                                                        {"token_already_exchanged", "reinstall the app"},
                                                        {"bad_client_secret", "Client Secret"},
                                                        {"invalid_client_id", "Client ID"},
                                                        {"token_rotation_not_enabled", "turn on token rotation"},
                                                        {"something_new", "reinstall the app"}}) {
    const Outcome outcome = renewal_failure(refused_renewal(code));
    EXPECT_EQ(outcome.code, Outcome::Code::misconfigured) << code;
    EXPECT_EQ(outcome.reason, "token_not_renewed");
    EXPECT_THAT(outcome.detail, HasSubstr(code));
    EXPECT_THAT(outcome.detail, HasSubstr(words));
  }
}

TEST(TokenPairTest, WhatIsWorthAnotherTryIsNoMisconfiguration) {
  HttpResult busy;
  busy.status = 429;
  busy.headers = {{"Retry-After", "17"}};
  HttpResult broken;
  broken.status = 503;
  HttpResult silent;
  silent.error = HttpError::timeout;
  silent.request_sent = true;
  for (const auto& result : {busy, broken, silent}) {
    const Outcome outcome = renewal_failure(classify(Method::renew, result));
    EXPECT_EQ(outcome.code, Outcome::Code::retry);
    EXPECT_FALSE(outcome.ambiguous) << "no message was in flight";
  }
  EXPECT_EQ(renewal_failure(classify(Method::renew, busy)).after, seconds(17));
}

TEST(TokenPairTest, KnowsSlacksWordsForATokenItDoesNotTake) {
  for (const char* code : {"token_expired", "invalid_auth", "token_revoked", "account_inactive", "not_authed"})
    EXPECT_TRUE(is_token_error(refused_renewal(code))) << code;
  for (const char* code : {"missing_scope", "channel_not_found", "ratelimited", "internal_error"})
    EXPECT_FALSE(is_token_error(refused_renewal(code))) << code;
  EXPECT_FALSE(is_token_error(ApiResponse{}));
}

}  // namespace
}  // namespace belfry::slack
