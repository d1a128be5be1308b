#include "plugin/contract/outcome.hpp"

#include <gtest/gtest.h>

#include "plugin/contract/abi.hpp"

namespace belfry::plugin {
namespace {

using model::OutcomeCode;

class Outcomes : public ::testing::Test {
 protected:
  Outcomes() {
    raw_.size = sizeof raw_;
    raw_.code = BELFRY_DELIVERED;
    raw_.reason = str("ok");
  }
  DecodedOutcome decode() { return decode_outcome(&raw_, scrubber_); }

  belfry_outcome raw_{};
  base::Scrubber scrubber_;
};

TEST_F(Outcomes, Whole) {
  raw_.code = BELFRY_RATE_LIMITED;
  raw_.flags = BELFRY_OUTCOME_MAYBE_DELIVERED;
  raw_.http_status = 429;
  raw_.retry_after_ms = 30'000;
  raw_.limit_scope = BELFRY_LIMIT_METHOD;
  raw_.reason = str("ratelimited");
  raw_.detail = str("slow down");
  raw_.receipt_json = str(R"({"id": "1"})");
  const auto decoded = decode();
  EXPECT_EQ(decoded.defects, "");
  EXPECT_EQ(decoded.outcome, (model::Outcome{OutcomeCode::rate_limited, true, 429, base::Millis(30'000), model::LimitScope::method,
                                             "ratelimited", "slow down", R"({"id": "1"})"}));
}

TEST_F(Outcomes, AnOlderPluginsShorterStruct) {
  raw_.size = offsetof(belfry_outcome, reason);
  const auto decoded = decode();
  EXPECT_EQ(decoded.outcome.code, OutcomeCode::delivered);
  EXPECT_EQ(decoded.outcome.reason, "unspecified");
}

TEST_F(Outcomes, UnknownCodeIsARetry) {
  for (const std::uint32_t code : {0U, 6U, 0xFFFFFFFFU}) {
    raw_.code = code;
    EXPECT_EQ(decode().outcome.code, OutcomeCode::retry);
    EXPECT_NE(decode().defects, "");
  }
}

TEST_F(Outcomes, SecretsAreScrubbedBeforeTheCut) {
  scrubber_.add_secret("xoxb-1234567890");
  const std::string detail = std::string(995, 'x') + " xoxb-1234567890";
  raw_.detail = str(detail);
  EXPECT_EQ(decode().outcome.detail, std::string(995, 'x') + " ***");
}

TEST_F(Outcomes, NoSecretIsKeptInAReceipt) {
  scrubber_.add_secret("xoxb-1234567890");
  raw_.receipt_json = str(R"({"id": "xoxb-1234567890", "data": {"ts": "1"}})");
  EXPECT_EQ(decode().outcome.receipt, R"({"id": "***", "data": {"ts": "1"}})");
}

TEST_F(Outcomes, ALongDetailIsCutBetweenCharacters) {
  std::string detail = "a";
  for (int i = 0; i < 1000; ++i) detail += "ä";
  raw_.detail = str(detail);
  EXPECT_EQ(decode().outcome.detail.size(), 999U);
}

TEST_F(Outcomes, Receipts) {
  const std::string large = R"({"a": ")" + std::string(70'000, 'x') + "\"}";
  for (const std::string& bad :
       {std::string("[]"), std::string("null"), std::string("{"), std::string("\xFF"), std::string(R"({"id": 1})"),
        std::string(R"({"url": []})"), std::string(R"({"data": "text"})"), std::string(R"({"surprise": true})"), large}) {
    raw_.receipt_json = str(bad);
    EXPECT_EQ(decode().outcome.receipt, "");
    EXPECT_NE(decode().defects, "");
    EXPECT_EQ(decode().outcome.code, OutcomeCode::delivered);
  }
}

TEST_F(Outcomes, ReasonIsASlug) {
  for (const char* bad : {"", "Not", "a b", "a-b", "abcdefghijklmnopqrstuvwxyzabcdefghijklmno"}) {
    raw_.reason = str(bad);
    EXPECT_EQ(decode().outcome.reason, "unspecified");
  }
}

}  // namespace
}  // namespace belfry::plugin
