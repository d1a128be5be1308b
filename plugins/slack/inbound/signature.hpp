// Verifies Slack's request signature, version 0 (docs.slack.dev, verifying requests from Slack). Pure function; any thread.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace belfry::slack {

// Requests further in the past or future than this are refused, even if the signature is valid.
inline constexpr std::int64_t kSignatureSeconds = 300;

struct SignedRequest {
  std::string_view timestamp;  // X-Slack-Request-Timestamp
  std::string_view signature;  // X-Slack-Signature
  std::string_view body;       // the raw bytes
};

// True if signed with one of the secrets, at most kSignatureSeconds before or after `now` (Unix time, seconds). Compares in constant time.
[[nodiscard]] bool is_signed(const SignedRequest& request, std::span<const std::string> secrets, std::int64_t now);

}  // namespace belfry::slack
