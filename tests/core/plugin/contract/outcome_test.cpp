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

TEST_F(Outcomes, WhatExceedsABoundIsShortenedAndADefect) {
  raw_.retry_after_ms = std::uint64_t{BELFRY_MAX_RETRY_AFTER_MS} + 1;
  EXPECT_EQ(decode().outcome.retry_after, base::Millis(std::chrono::days(7)));
  EXPECT_EQ(decode().defects, "retry_after_ms is over 7 days");
  raw_.retry_after_ms = BELFRY_MAX_RETRY_AFTER_MS;
  const std::string longer(BELFRY_MAX_DETAIL_BYTES + 1, 'x');
  raw_.detail = str(longer);
  EXPECT_EQ(decode().outcome.detail.size(), BELFRY_MAX_DETAIL_BYTES);
  EXPECT_EQ(decode().defects, "the detail is over 1,000 bytes");
}

TEST_F(Outcomes, AnUnknownScopeIsTheAccount) {
  for (const std::uint32_t scope : {BELFRY_LIMIT_ACCOUNT, 4U, 0xFFFFFFFFU}) {
    raw_.limit_scope = scope;
    EXPECT_EQ(decode().outcome.limit_scope, model::LimitScope::credential);
  }
}

TEST_F(Outcomes, ReasonIsASlug) {
  for (const char* bad : {"", "Not", "a b", "a-b", "abcdefghijklmnopqrstuvwxyzabcdefghijklmno"}) {
    raw_.reason = str(bad);
    EXPECT_EQ(decode().outcome.reason, "unspecified");
  }
}

// ---- reconcile/1

class ReconcileResults : public ::testing::Test {
 protected:
  ReconcileResults() {
    raw_.size = sizeof raw_;
    raw_.code = BELFRY_RECONCILE_FOUND;
  }
  DecodedReconcile decode() { return decode_reconcile(&raw_, scrubber_); }

  belfry_reconcile_result raw_{};
  base::Scrubber scrubber_;
};

TEST_F(ReconcileResults, Codes) {
  using Code = ReconcileResult::Code;
  struct Row {
    std::uint32_t raw;
    Code code;
    bool known;
  };
  for (const auto& row : {Row{BELFRY_RECONCILE_FOUND, Code::found, true}, Row{BELFRY_RECONCILE_ABSENT, Code::absent, true},
                          Row{BELFRY_RECONCILE_ASK_AGAIN, Code::ask_again, true}, Row{BELFRY_RECONCILE_UNKNOWN, Code::unknown, true},
                          Row{0, Code::unknown, false}, Row{5, Code::unknown, false}}) {
    raw_.code = row.raw;
    EXPECT_EQ(decode().result.code, row.code);
    EXPECT_EQ(decode().defects, row.known ? "" : "the result has an unknown code");
    EXPECT_FALSE(decode().result.not_started);
  }
  EXPECT_EQ(decode_reconcile(nullptr, scrubber_).result.code, Code::unknown);
  EXPECT_EQ(decode_reconcile(nullptr, scrubber_).defects, "the result is null");
}

TEST_F(ReconcileResults, Whole) {
  scrubber_.add_secret("xoxb-1234567890");
  raw_.detail = str("it is\nthere: xoxb-1234567890");
  raw_.receipt_json = str(R"({"id": "1"})");
  EXPECT_EQ(decode().result, (ReconcileResult{ReconcileResult::Code::found, std::nullopt, "it is there: ***", R"({"id": "1"})", false}));
  raw_.code = BELFRY_RECONCILE_ASK_AGAIN;
  raw_.retry_after_ms = 5'000;
  EXPECT_EQ(decode().result.retry_after, base::Millis(5'000));
  EXPECT_EQ(decode().result.receipt, "") << "there is nothing to have a receipt";
}

TEST_F(ReconcileResults, AReceiptIsChecked) {
  raw_.receipt_json = str("[]");
  EXPECT_EQ(decode().result.receipt, "");
  EXPECT_EQ(decode().result.code, ReconcileResult::Code::found);
  EXPECT_EQ(decode().defects, "the receipt is not a JSON object");
}

TEST_F(ReconcileResults, OfAnOlderPlugin) {
  raw_.receipt_json = str("[]");
  raw_.size = offsetof(belfry_reconcile_result, receipt_json);
  EXPECT_EQ(decode().defects, "");
}

}  // namespace
}  // namespace belfry::plugin
