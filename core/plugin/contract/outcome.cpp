#include "plugin/contract/outcome.hpp"

#include "model/names.hpp"
#include "model/untrusted_json.hpp"
#include "plugin/contract/abi.hpp"
#include "plugin/contract/text.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMaxDetailRead = 8192;  // before scrubbing

model::OutcomeCode code_of(std::uint32_t code) {
  switch (code) {
    case BELFRY_DELIVERED: return model::OutcomeCode::delivered;
    case BELFRY_RATE_LIMITED: return model::OutcomeCode::rate_limited;
    case BELFRY_REJECTED: return model::OutcomeCode::rejected;
    case BELFRY_MISCONFIGURED: return model::OutcomeCode::misconfigured;
    default: return model::OutcomeCode::retry;
  }
}

ReconcileResult::Code reconcile_code_of(std::uint32_t code) {
  switch (code) {
    case BELFRY_RECONCILE_FOUND: return ReconcileResult::Code::found;
    case BELFRY_RECONCILE_ABSENT: return ReconcileResult::Code::absent;
    case BELFRY_RECONCILE_ASK_AGAIN: return ReconcileResult::Code::ask_again;
    default: return ReconcileResult::Code::unknown;
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

// Reads the members that an outcome and a reconcile result have in common.
class ResultReader {
 public:
  explicit ResultReader(const base::Scrubber& scrubber) : scrubber_(scrubber) {}

  void add_defect(const char* what) { defects_ += (defects_.empty() ? "" : "; ") + std::string(what); }
  [[nodiscard]] std::string take_defects() { return std::move(defects_); }

  [[nodiscard]] std::optional<base::Millis> pause(std::uint64_t retry_after_ms) {
    if (retry_after_ms > BELFRY_MAX_RETRY_AFTER_MS) add_defect("retry_after_ms is over 7 days");
    if (retry_after_ms == 0) return std::nullopt;
    return base::Millis(static_cast<std::int64_t>(std::min<std::uint64_t>(retry_after_ms, BELFRY_MAX_RETRY_AFTER_MS)));
  }

  [[nodiscard]] std::string detail(belfry_str raw) {
    if (view(raw).size() > BELFRY_MAX_DETAIL_BYTES) add_defect("the detail is over 1,000 bytes");
    return clean_text(scrubber_.scrub(std::string(view(raw).substr(0, kMaxDetailRead))), BELFRY_MAX_DETAIL_BYTES);
  }

  [[nodiscard]] std::string receipt(belfry_str raw) {
    if (view(raw).size() > BELFRY_MAX_RECEIPT_BYTES) {
      add_defect("the receipt is over 64 KiB");
      return {};
    }
    std::string text = scrubber_.scrub(std::string(view(raw)));
    if (text.empty()) return {};
    const std::string_view wrong = receipt_defect(model::parse_untrusted(text));
    if (wrong.empty()) return text;
    add_defect(wrong.data());
    return {};
  }

 private:
  const base::Scrubber& scrubber_;
  std::string defects_;
};

}  // namespace

DecodedOutcome decode_outcome(const belfry_outcome* outcome, const base::Scrubber& scrubber) {
  DecodedOutcome out;
  ResultReader reader(scrubber);
  if (outcome == nullptr) {
    out.defects = "the outcome is null";
    out.outcome.reason = model::checked_reason("");
    return out;
  }
  const belfry_outcome raw = copy_of(outcome);
  if (raw.code < BELFRY_DELIVERED || raw.code > BELFRY_MISCONFIGURED) reader.add_defect("the outcome has an unknown code");
  out.outcome.code = code_of(raw.code);
  out.outcome.maybe_delivered = (raw.flags & BELFRY_OUTCOME_MAYBE_DELIVERED) != 0;
  out.outcome.http_status = raw.http_status >= 100 && raw.http_status <= 599 ? static_cast<int>(raw.http_status) : 0;
  out.outcome.retry_after = reader.pause(raw.retry_after_ms);
  out.outcome.limit_scope = scope_of(raw.limit_scope);
  out.outcome.reason = model::checked_reason(view(raw.reason));
  if (out.outcome.reason != view(raw.reason)) reader.add_defect("the reason is not [a-z_]{1,40}");
  out.outcome.detail = reader.detail(raw.detail);
  out.outcome.receipt = reader.receipt(raw.receipt_json);
  out.defects = reader.take_defects();
  return out;
}

DecodedReconcile decode_reconcile(const belfry_reconcile_result* result, const base::Scrubber& scrubber) {
  DecodedReconcile out;
  ResultReader reader(scrubber);
  if (result == nullptr) {
    out.defects = "the result is null";
    return out;
  }
  const belfry_reconcile_result raw = copy_of(result);
  if (raw.code < BELFRY_RECONCILE_FOUND || raw.code > BELFRY_RECONCILE_UNKNOWN) reader.add_defect("the result has an unknown code");
  out.result.code = reconcile_code_of(raw.code);
  out.result.retry_after = reader.pause(raw.retry_after_ms);
  out.result.detail = reader.detail(raw.detail);
  if (out.result.code == ReconcileResult::Code::found) out.result.receipt = reader.receipt(raw.receipt_json);
  out.defects = reader.take_defects();
  return out;
}

}  // namespace belfry::plugin
