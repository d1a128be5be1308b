// How an attempt ended: one of five codes and a compulsory reason.
#pragma once
#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "belfry/plugin.h"

namespace belfry::sdk {

using Millis = std::chrono::milliseconds;

enum class LimitScope : std::uint32_t {
  none = BELFRY_LIMIT_NONE,
  recipient = BELFRY_LIMIT_RECIPIENT,    // this destination only
  method = BELFRY_LIMIT_METHOD,          // one remote method
  credential = BELFRY_LIMIT_CREDENTIAL,  // everything that uses this credential
};

// A value. `reason` is a slug [a-z_]{1,40}, a metric label; `detail` is one sentence for people, without secrets.
struct Outcome {
  enum class Code : std::uint32_t {
    delivered = BELFRY_DELIVERED,
    retry = BELFRY_RETRY,
    rate_limited = BELFRY_RATE_LIMITED,
    rejected = BELFRY_REJECTED,
    misconfigured = BELFRY_MISCONFIGURED,
  };

  Code code = Code::retry;
  std::string reason;
  std::string detail;
  bool ambiguous = false;       // bytes went out and no answer came: another attempt may arrive twice
  int status = 0;               // HTTP status of the remote, 0: none
  std::optional<Millis> after;  // retry: at least; rate_limited: exactly
  LimitScope scope = LimitScope::none;
  nlohmann::json receipt;  // null, or an object: sdk/receipt.schema.json

  bool operator==(const Outcome&) const = default;

  // The remote accepted it.
  static Outcome delivered(nlohmann::json receipt = nullptr) {
    Outcome outcome = make(Code::delivered, "delivered", "");
    outcome.receipt = std::move(receipt);
    return outcome;
  }
  // Transient: tried again later with back-off.
  static Outcome retry(std::string reason, std::string detail) { return make(Code::retry, std::move(reason), std::move(detail)); }
  // The remote said slow down: what `scope` names is paused for exactly `after`. Does not count as a failed attempt.
  static Outcome rate_limited(Millis after, LimitScope scope, std::string detail = {}, std::string reason = "rate_limited") {
    Outcome outcome = make(Code::rate_limited, std::move(reason), std::move(detail));
    outcome.after = after;
    outcome.scope = scope;
    return outcome;
  }
  // This message can never succeed here: fallback, else dead letter.
  static Outcome rejected(std::string reason, std::string detail) { return make(Code::rejected, std::move(reason), std::move(detail)); }
  // Credentials, scope or channel wrong: the lane is parked and a person is told. Say in `detail` what to do.
  static Outcome misconfigured(std::string reason, std::string detail) {
    return make(Code::misconfigured, std::move(reason), std::move(detail));
  }

  // Each returns a changed copy: `return Outcome::retry("server_error", "...").maybe_delivered().http_status(503);`
  [[nodiscard]] Outcome maybe_delivered(bool yes = true) const {
    Outcome copy = *this;
    copy.ambiguous = yes;
    return copy;
  }
  [[nodiscard]] Outcome http_status(int value) const {
    Outcome copy = *this;
    copy.status = value;
    return copy;
  }
  [[nodiscard]] Outcome retry_after(Millis least) const {
    Outcome copy = *this;
    copy.after = least;
    return copy;
  }

 private:
  static Outcome make(Code code, std::string reason, std::string detail) {
    Outcome outcome;
    outcome.code = code;
    outcome.reason = std::move(reason);
    outcome.detail = std::move(detail);
    return outcome;
  }
};

// Ends a delivery from deep inside: `throw OutcomeError(Outcome::rejected(...))`.
class OutcomeError : public std::exception {
 public:
  explicit OutcomeError(Outcome outcome) : outcome_(std::move(outcome)) {}
  [[nodiscard]] const Outcome& outcome() const noexcept { return outcome_; }
  [[nodiscard]] const char* what() const noexcept override { return outcome_.detail.c_str(); }

 private:
  Outcome outcome_;
};

namespace detail {

inline belfry_str str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(belfry_str text) { return text.len == 0 ? std::string_view() : std::string_view(text.ptr, text.len); }

// The struct as this header knows it: what an older writer did not have is zero, what a newer one added is left out.
template <class Struct>
Struct copy_sized(const Struct* from) {
  Struct copy{};
  if (from != nullptr) {
    const std::size_t size = from->size < sizeof(Struct) ? from->size : sizeof(Struct);
    std::memcpy(&copy, from, size);
  }
  return copy;
}

}  // namespace detail
}  // namespace belfry::sdk
