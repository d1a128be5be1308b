#include "plugin/contract/outcome.hpp"

#include "model/names.hpp"
#include "model/untrusted_json.hpp"
#include "plugin/contract/abi.hpp"
#include "plugin/contract/text.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMaxDetailLength = 1000;
constexpr std::size_t kMaxRead = 8192;  // of a detail, before scrubbing
constexpr std::size_t kMaxReceipt = 64UL * 1024;
constexpr base::Millis kMaxPause = std::chrono::days(7);

model::OutcomeCode code_of(std::uint32_t code) {
  switch (code) {
    case BELFRY_DELIVERED: return model::OutcomeCode::delivered;
    case BELFRY_RATE_LIMITED: return model::OutcomeCode::rate_limited;
    case BELFRY_REJECTED: return model::OutcomeCode::rejected;
    case BELFRY_MISCONFIGURED: return model::OutcomeCode::misconfigured;
    default: return model::OutcomeCode::retry;
  }
}

model::LimitScope scope_of(std::uint32_t scope) {
  switch (scope) {
    case BELFRY_LIMIT_NONE: return model::LimitScope::none;
    case BELFRY_LIMIT_RECIPIENT: return model::LimitScope::recipient;
    case BELFRY_LIMIT_METHOD: return model::LimitScope::method;
    default: return model::LimitScope::credential;
  }
}

// Checks a receipt against sdk/receipt.schema.json: only "id" and "url" (strings) and "data" (an object) are allowed. Empty if it conforms.
const char* receipt_defect(const nlohmann::json& receipt) {
  if (!receipt.is_object()) return "the receipt is not a JSON object";
  for (const auto& [key, value] : receipt.items()) {
    if (key == "id" || key == "url") {
      if (!value.is_string()) return "the receipt's id or url is not a string";
    } else if (key != "data") {
      return "the receipt has a member that is none of id, url and data";
    } else if (!value.is_object()) {
      return "the receipt's data is not an object";
    }
  }
  return "";
}

}  // namespace

DecodedOutcome decode_outcome(const belfry_outcome* outcome, const base::Scrubber& scrubber) {
  DecodedOutcome out;
  const auto add_defect = [&](const char* what) { out.defects += (out.defects.empty() ? "" : "; ") + std::string(what); };
  if (outcome == nullptr) {
    add_defect("the outcome is null");
    out.outcome.reason = model::checked_reason("");
    return out;
  }
  const belfry_outcome raw = copy_of(outcome);
  if (raw.code < BELFRY_DELIVERED || raw.code > BELFRY_MISCONFIGURED) add_defect("the outcome has an unknown code");
  out.outcome.code = code_of(raw.code);
  out.outcome.maybe_delivered = (raw.flags & BELFRY_OUTCOME_MAYBE_DELIVERED) != 0;
  out.outcome.http_status = raw.http_status >= 100 && raw.http_status <= 599 ? static_cast<int>(raw.http_status) : 0;
  if (raw.retry_after_ms != 0) {
    const auto max_pause = static_cast<std::uint64_t>(kMaxPause.count());
    out.outcome.retry_after = base::Millis(static_cast<std::int64_t>(std::min(raw.retry_after_ms, max_pause)));
  }
  out.outcome.limit_scope = scope_of(raw.limit_scope);
  out.outcome.reason = model::checked_reason(view(raw.reason));
  if (out.outcome.reason != view(raw.reason)) add_defect("the reason is not [a-z_]{1,40}");
  out.outcome.detail = clean_text(scrubber.scrub(std::string(view(raw.detail).substr(0, kMaxRead))), kMaxDetailLength);
  const std::string receipt = scrubber.scrub(std::string(view(raw.receipt_json).substr(0, kMaxReceipt + 1)));
  if (raw.receipt_json.len > kMaxReceipt) {
    add_defect("the receipt is over 64 KiB");
  } else if (!receipt.empty()) {
    const std::string_view wrong = receipt_defect(model::parse_untrusted(receipt));
    if (wrong.empty()) {
      out.outcome.receipt = receipt;
    } else {
      add_defect(wrong.data());
    }
  }
  return out;
}

}  // namespace belfry::plugin
