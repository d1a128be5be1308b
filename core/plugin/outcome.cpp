#include "plugin/outcome.hpp"

#include "model/names.hpp"
#include "model/untrusted_json.hpp"
#include "plugin/abi.hpp"
#include "plugin/text.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kLongestDetail = 1000;
constexpr std::size_t kLongestRead = 8192;  // of a detail, before scrubbing
constexpr std::size_t kLargestReceipt = 64UL * 1024;
constexpr base::Millis kLongestPause = std::chrono::days(7);

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

// Checks a receipt against sdk/receipt.schema.json: only "id" and "url", which are text, and "data", an object. Empty if it conforms.
const char* objection_to(const nlohmann::json& receipt) {
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
  const auto object = [&](const char* what) { out.objection += (out.objection.empty() ? "" : "; ") + std::string(what); };
  if (outcome == nullptr) {
    object("the outcome is null");
    out.outcome.reason = model::checked_reason("");
    return out;
  }
  const belfry_outcome said = copy_of(outcome);
  if (said.code < BELFRY_DELIVERED || said.code > BELFRY_MISCONFIGURED) object("the outcome has an unknown code");
  out.outcome.code = code_of(said.code);
  out.outcome.maybe_delivered = (said.flags & BELFRY_OUTCOME_MAYBE_DELIVERED) != 0;
  out.outcome.http_status = said.http_status >= 100 && said.http_status <= 599 ? static_cast<int>(said.http_status) : 0;
  if (said.retry_after_ms != 0) {
    const auto most = static_cast<std::uint64_t>(kLongestPause.count());
    out.outcome.retry_after = base::Millis(static_cast<std::int64_t>(std::min(said.retry_after_ms, most)));
  }
  out.outcome.limit_scope = scope_of(said.limit_scope);
  out.outcome.reason = model::checked_reason(view(said.reason));
  if (out.outcome.reason != view(said.reason)) object("the reason is not [a-z_]{1,40}");
  out.outcome.detail = clean_text(scrubber.scrub(std::string(view(said.detail).substr(0, kLongestRead))), kLongestDetail);
  const std::string receipt = scrubber.scrub(std::string(view(said.receipt_json).substr(0, kLargestReceipt + 1)));
  if (said.receipt_json.len > kLargestReceipt) {
    object("the receipt is over 64 KiB");
  } else if (!receipt.empty()) {
    const std::string_view wrong = objection_to(model::parse_untrusted(receipt));
    if (wrong.empty()) {
      out.outcome.receipt = receipt;
    } else {
      object(wrong.data());
    }
  }
  return out;
}

}  // namespace belfry::plugin
