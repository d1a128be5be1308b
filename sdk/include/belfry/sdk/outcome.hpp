// The result of a delivery attempt: one of five codes, and a required reason.
#pragma once
#include <cstdint>
#include <cstring>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "belfry/plugin.h"
#include "belfry/sdk/time.hpp"

namespace belfry::sdk {

enum class LimitScope : std::uint32_t {
  none = BELFRY_LIMIT_NONE,
  recipient = BELFRY_LIMIT_RECIPIENT,  // this destination only
  method = BELFRY_LIMIT_METHOD,        // one remote method
  account = BELFRY_LIMIT_ACCOUNT,      // everything that uses the sink's account
};

// A value. `reason` is a slug [a-z_]{1,40} and becomes a metric label; `detail` is one sentence for people, without secrets.
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
  bool ambiguous = false;       // bytes were sent but no response confirmed it: another attempt may deliver twice
  int status = 0;               // the remote's HTTP status; 0: none
  std::optional<Millis> after;  // retry: minimum delay; rate_limited: the pause, which the host may end earlier
  LimitScope scope = LimitScope::none;
  nlohmann::json receipt;  // null or an object: sdk/receipt.schema.json

  bool operator==(const Outcome&) const = default;

  // The remote accepted the message.
  static Outcome delivered(nlohmann::json receipt = nullptr) {
    Outcome outcome = make(Code::delivered, "delivered", "");
    outcome.receipt = std::move(receipt);
    return outcome;
  }
  // Transient failure: retried later with back-off.
  static Outcome retry(std::string reason, std::string detail) { return make(Code::retry, std::move(reason), std::move(detail)); }
  // The remote requested a slower rate: everything in `scope` is paused for `after`; the host may end the pause earlier. Does not
  // count as a failed attempt.
  static Outcome rate_limited(Millis after, LimitScope scope, std::string detail = {}, std::string reason = "rate_limited") {
    Outcome outcome = make(Code::rate_limited, std::move(reason), std::move(detail));
    outcome.after = after;
    outcome.scope = scope;
    return outcome;
  }
  // This message can never succeed here: it goes to the fallback, or to the dead letters if there is none.
  static Outcome rejected(std::string reason, std::string detail) { return make(Code::rejected, std::move(reason), std::move(detail)); }
  // Wrong credentials, scope or channel: the lane is parked and an operator is notified. `detail` should explain how to fix it.
  static Outcome misconfigured(std::string reason, std::string detail) {
    return make(Code::misconfigured, std::move(reason), std::move(detail));
  }

  // Each returns a modified copy: `return Outcome::retry("server_error", "...").maybe_delivered().http_status(503);`
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
  [[nodiscard]] Outcome retry_after(Millis delay) const {
    Outcome copy = *this;
    copy.after = delay;
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

// Ends a delivery with an outcome from any depth: `throw OutcomeError(Outcome::rejected(...))`.
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

// At most `max` bytes of the text, without a part of a UTF-8 sequence at the end.
inline std::string_view cut(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0U) == 0x80U) --max;
  return text.substr(0, max);
}

// Reads a struct from a host built with another version of the ABI. Fields that an older host lacks are zero; fields that a newer host
// added are dropped. Null yields all zeros.
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
