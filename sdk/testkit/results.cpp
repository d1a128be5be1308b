// Reads the sink's outcomes, receipts and findings.
#include <algorithm>

#include "fake_state.hpp"

namespace belfry::testkit {

namespace {

// Why a receipt does not conform to sdk/receipt.schema.json; empty if it does.
std::string receipt_defect(const nlohmann::json& receipt) {
  if (!receipt.is_object()) return "is not a JSON object";
  for (const auto& [key, value] : receipt.items()) {
    if (key == "id" || key == "url") {
      if (!value.is_string()) return "has a member \"" + key + "\" that is not a string";
    } else if (key != "data") {
      return "has the member \"" + key + "\", wanted only id, url and data";
    } else if (!value.is_object()) {
      return "has a member \"data\" that is not an object";
    }
  }
  return {};
}

std::string shortened(std::string text, std::size_t max) {
  if (text.size() > max) text.resize(max);
  return text;
}

}  // namespace

std::string FakeState::read_detail(belfry_str raw) {
  auto detail = text(raw, "the detail of a result");
  check_bound("the bytes of a detail", detail.size(), BELFRY_MAX_DETAIL_BYTES, "BELFRY_MAX_DETAIL_BYTES");
  check_no_secrets("the detail of a result", detail);
  return shortened(std::move(detail), BELFRY_MAX_DETAIL_BYTES);
}

Millis FakeState::read_pause(std::uint64_t retry_after_ms) {
  check_bound("the pause of a result", retry_after_ms, BELFRY_MAX_RETRY_AFTER_MS, "BELFRY_MAX_RETRY_AFTER_MS");
  return millis(std::min<std::uint64_t>(retry_after_ms, BELFRY_MAX_RETRY_AFTER_MS));
}

nlohmann::json FakeState::read_receipt(belfry_str raw) {
  const auto written = text(raw, "a receipt");
  check_no_secrets("a receipt", written);
  if (written.empty()) return nullptr;
  if (!check_bound("the bytes of a receipt", written.size(), BELFRY_MAX_RECEIPT_BYTES, "BELFRY_MAX_RECEIPT_BYTES")) return nullptr;
  auto receipt = nlohmann::json::parse(written, nullptr, false);
  if (const auto defect = receipt_defect(receipt); !defect.empty()) violation("bad_outcome", "a receipt " + defect);
  return receipt;
}

Outcome FakeState::read_outcome(const belfry_outcome* raw_outcome) {
  const auto raw = read(raw_outcome, "belfry_outcome", BELFRY_SIZE_THROUGH(belfry_outcome, receipt_json));
  check_reserved("belfry_outcome", raw.reserved);
  const auto unknown = [&](const std::string& what, std::uint32_t value) {
    violation("unknown_value", "the " + what + " of an outcome is " + std::to_string(value));
  };
  Outcome outcome = Outcome::retry(text(raw.reason, "the reason of an outcome"), read_detail(raw.detail));
  if (raw.code >= BELFRY_DELIVERED && raw.code <= BELFRY_MISCONFIGURED) {
    outcome.code = static_cast<Outcome::Code>(raw.code);
  } else {
    unknown("code", raw.code);
  }
  outcome.scope = LimitScope::account;
  if (raw.limit_scope <= BELFRY_LIMIT_ACCOUNT) {
    outcome.scope = static_cast<LimitScope>(raw.limit_scope);
  } else {
    unknown("limit scope", raw.limit_scope);
  }
  outcome.ambiguous = (raw.flags & BELFRY_OUTCOME_MAYBE_DELIVERED) != 0;
  outcome.status = static_cast<int>(raw.http_status);
  if (raw.http_status != 0 && (raw.http_status < 100 || raw.http_status > 599)) unknown("HTTP status", raw.http_status);
  if (raw.retry_after_ms != 0) outcome.after = read_pause(raw.retry_after_ms);
  outcome.receipt = read_receipt(raw.receipt_json);

  if (!is_slug(outcome.reason, BELFRY_MAX_REASON_BYTES, false)) {
    violation("bad_outcome", "the reason is \"" + outcome.reason + "\", wanted a slug [a-z_]{1,40}");
  } else if (reasons.insert(outcome.reason).second) {
    check_bound("the number of reasons", reasons.size(), BELFRY_MAX_REASONS, "BELFRY_MAX_REASONS");
  }
  return outcome;
}

std::optional<Finding> FakeState::read_finding(const belfry_finding* raw_finding, std::size_t already) {
  const auto raw = read(raw_finding, "belfry_finding", BELFRY_SIZE_THROUGH(belfry_finding, remedy));
  if (raw_finding == nullptr) return std::nullopt;
  if (!check_bound("the number of findings", already + 1, BELFRY_MAX_FINDINGS, "BELFRY_MAX_FINDINGS")) return std::nullopt;
  Finding finding{.severity = Finding::Severity::warning,
                  .pointer = text(raw.pointer, "the pointer of a finding"),
                  .text = text(raw.text, "the text of a finding"),
                  .remedy = text(raw.remedy, "the remedy of a finding")};
  if (raw.severity >= BELFRY_FINDING_ERROR && raw.severity <= BELFRY_FINDING_NOTE) {
    finding.severity = static_cast<Finding::Severity>(raw.severity);
  } else {
    violation("unknown_value", "the severity of a finding is " + std::to_string(raw.severity));
  }
  if (!finding.pointer.empty() && !finding.pointer.starts_with('/')) {
    violation("bad_finding", "\"" + finding.pointer + "\" is not a JSON pointer (RFC 6901)");
  }
  if (finding.text.empty()) violation("bad_finding", "a finding has no text");
  for (auto* sentence : {&finding.text, &finding.remedy}) {
    if (sentence->ends_with('.')) violation("bad_finding", "\"" + *sentence + "\" ends with a period");
    check_bound("the bytes of a finding's text", sentence->size(), BELFRY_MAX_FINDING_TEXT_BYTES, "BELFRY_MAX_FINDING_TEXT_BYTES");
    *sentence = shortened(std::move(*sentence), BELFRY_MAX_FINDING_TEXT_BYTES);
    check_no_secrets("a finding", *sentence);
  }
  return finding;
}

}  // namespace belfry::testkit
