// The pure part of token rotation: the stored record of a token pair and its renewal lease (docs.slack.dev, "Using token rotation"). Value
// types and pure functions; any thread.
#pragma once
#include <chrono>
#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "slack/web_api/classify.hpp"

namespace belfry::slack {

// Access tokens are valid for 12 hours; Slack's own SDK renews them 2 hours before they expire.
inline constexpr Millis kRenewBefore = std::chrono::hours(2);

struct TokenPair {
  std::string access;
  std::string refresh;  // valid for one renewal; empty: `access` predates rotation and must be exchanged
  Millis expires{};     // when `access` expires, Unix time; 0: unknown

  [[nodiscard]] bool usable(Millis now) const { return expires == Millis{} || now < expires; }
  [[nodiscard]] bool due(Millis now) const { return expires == Millis{} || now >= expires - kRenewBefore; }
  bool operator==(const TokenPair&) const = default;
};

// Exclusive right to renew a pair, since a refresh token is valid for one renewal only. A lease that appears to last longer than kMaxLease
// has ended: the wall clock was set back.
constexpr Millis kMaxLease = std::chrono::seconds(15);  // exceeds the time to wait for Slack and to store the response
struct Lease {
  std::string holder;
  Millis until{};  // Unix time
  bool operator==(const Lease&) const = default;
};

// The record in the key-value store.
struct TokenRecord {
  std::optional<TokenPair> pair;  // none: the configured token is still in use
  std::optional<Lease> lease;

  [[nodiscard]] bool leased_to_another(const std::string& me, Millis now) const {
    return lease && lease->holder != me && now < lease->until && lease->until - now <= kMaxLease;
  }
  bool operator==(const TokenRecord&) const = default;
};
[[nodiscard]] std::string to_text(const TokenRecord& kept);
[[nodiscard]] TokenRecord parse_token_record(std::string_view text);  // empty if malformed

// The key of the record for all tokens derived from one configured token. A SHA-256 digest, which does not reveal the token.
[[nodiscard]] std::string lineage_key(std::string_view configured);

// Parses Slack's response to a renewal. The error is one sentence.
[[nodiscard]] std::expected<TokenPair, std::string> parse_renewal(const nlohmann::json& answer, Millis now);

// The outcome of a failed renewal, with advice on what to do. Requires response.failure. Transient failures remain retries.
[[nodiscard]] Outcome renewal_failure(const ApiResponse& response);

// True if Slack refused the token as invalid, expired, revoked or inactive.
[[nodiscard]] bool is_token_error(const ApiResponse& response);

}  // namespace belfry::slack
