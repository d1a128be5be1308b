// Slack's request signature, version 0 (docs.slack.dev, verifying requests from Slack). A function of its arguments: any thread.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace belfry::slack {

// Requests older or newer than this are refused, whoever signed them.
inline constexpr std::int64_t kSignatureSeconds = 300;

struct SignedRequest {
  std::string_view timestamp;  // X-Slack-Request-Timestamp
  std::string_view signature;  // X-Slack-Signature
  std::string_view body;       // the raw bytes
};

// Signed with one of the secrets, not more than kSignatureSeconds from `now` (Unix time, seconds) either way. Compares in constant time.
[[nodiscard]] bool is_signed(const SignedRequest& request, std::span<const std::string> secrets, std::int64_t now);

}  // namespace belfry::slack
