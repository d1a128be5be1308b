// Token rotation, the part that needs nothing but its arguments: what is kept of a pair of tokens and who is renewing it
// (docs.slack.dev, "Using token rotation"). Values; any thread.
#pragma once
#include <chrono>
#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "slack/classify.hpp"

namespace belfry::slack {

// An access token lives for 12 hours; Slack's own SDK renews it 2 hours before it expires.
inline constexpr Millis kRenewBefore = std::chrono::hours(2);

struct TokenPair {
  std::string access;
  std::string refresh;  // good for one renewal; empty: `access` is a token of before, to be exchanged
  Millis expires{};     // Unix time of `access`; 0: not known

  [[nodiscard]] bool usable(Millis now) const { return expires == Millis{} || now < expires; }
  [[nodiscard]] bool due(Millis now) const { return expires == Millis{} || now >= expires - kRenewBefore; }
  bool operator==(const TokenPair&) const = default;
};

// Who is renewing a pair, so that no other does: a refresh token is good for one renewal. One that seems to last longer than kLongestLease
// is over: the wall clock was set back meanwhile.
constexpr Millis kLongestLease = std::chrono::seconds(15);  // longer than Slack is waited for and the answer is stored
struct Lease {
  std::string holder;
  Millis until{};  // Unix time
  bool operator==(const Lease&) const = default;
};

// The record in the key-value store.
struct KeptToken {
  std::optional<TokenPair> pair;  // none: still the configured one
  std::optional<Lease> lease;

  [[nodiscard]] bool leased_to_another(const std::string& me, Millis now) const {
    return lease && lease->holder != me && now < lease->until && lease->until - now <= kLongestLease;
  }
  bool operator==(const KeptToken&) const = default;
};
[[nodiscard]] std::string to_text(const KeptToken& kept);
[[nodiscard]] KeptToken kept_token(std::string_view text);  // nothing in it when it is malformed

// Names the record: all that follows from one configured token, and nothing that follows from another. Does not tell the token.
[[nodiscard]] std::string lineage_key(std::string_view configured);

// Slack's answer to a renewal. The error is a sentence.
[[nodiscard]] std::expected<TokenPair, std::string> renewed_pair(const nlohmann::json& answer, Millis now);

// Why Slack does not renew a token, with what to do about it; `reading` has a failure. What is worth another try stays as it is.
[[nodiscard]] Outcome not_renewed(const Reading& reading);

// Slack's word for a token that it does not take, or not any more.
[[nodiscard]] bool refuses_token(const Reading& reading);

}  // namespace belfry::slack
