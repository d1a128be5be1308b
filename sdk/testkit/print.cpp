#include "belfry/testkit/print.hpp"

#include <ostream>

namespace belfry::sdk {

namespace {

// An item of the list in brackets after a value, and the bracket before the first.
class Details {
 public:
  explicit Details(std::ostream& out) : out_(out) {}
  Details(const Details&) = delete;
  Details& operator=(const Details&) = delete;
  ~Details() {
    if (any_) out_ << ']';
  }
  std::ostream& next() {
    out_ << (any_ ? ", " : " [");
    any_ = true;
    return out_;
  }

 private:
  std::ostream& out_;
  bool any_ = false;
};

std::string text_of(const nlohmann::json& receipt) { return receipt.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

const char* name_of(Outcome::Code code) {
  switch (code) {
    case Outcome::Code::delivered: return "delivered";
    case Outcome::Code::retry: return "retry";
    case Outcome::Code::rate_limited: return "rate_limited";
    case Outcome::Code::rejected: return "rejected";
    case Outcome::Code::misconfigured: return "misconfigured";
  }
  return "unknown code";
}

const char* name_of(LimitScope scope) {
  switch (scope) {
    case LimitScope::none: return "none";
    case LimitScope::recipient: return "recipient";
    case LimitScope::method: return "method";
    case LimitScope::account: return "account";
  }
  return "unknown";
}

const char* name_of(Finding::Severity severity) {
  switch (severity) {
    case Finding::Severity::error: return "error";
    case Finding::Severity::warning: return "warning";
    case Finding::Severity::note: return "note";
  }
  return "unknown severity";
}

const char* name_of(ReconcileResult::Code code) {
  switch (code) {
    case ReconcileResult::Code::found: return "found";
    case ReconcileResult::Code::absent: return "absent";
    case ReconcileResult::Code::ask_again: return "ask again";
    case ReconcileResult::Code::unknown: return "unknown";
  }
  return "unknown code";
}

}  // namespace

void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << name_of(outcome.code) << " \"" << outcome.reason << '"';
  if (!outcome.detail.empty()) *out << ": " << outcome.detail;
  Details details(*out);
  if (outcome.ambiguous) details.next() << "maybe delivered";
  if (outcome.status != 0) details.next() << "HTTP " << outcome.status;
  if (outcome.after) details.next() << "after " << outcome.after->count() << " ms";
  if (outcome.scope != LimitScope::none) details.next() << "scope " << name_of(outcome.scope);
  if (!outcome.receipt.is_null()) details.next() << "receipt " << text_of(outcome.receipt);
}

void PrintTo(const Finding& finding, std::ostream* out) {
  *out << name_of(finding.severity) << " at " << (finding.pointer.empty() ? "the whole configuration" : finding.pointer) << ": "
       << finding.text;
  if (!finding.remedy.empty()) *out << " (remedy: " << finding.remedy << ')';
}

void PrintTo(const ReconcileResult& result, std::ostream* out) {
  *out << name_of(result.code);
  if (!result.detail.empty()) *out << ": " << result.detail;
  Details details(*out);
  if (result.after.count() != 0) details.next() << "after " << result.after.count() << " ms";
  if (!result.receipt.is_null()) details.next() << "receipt " << text_of(result.receipt);
}

}  // namespace belfry::sdk
