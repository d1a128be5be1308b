// Source type `coder`: the webhook of Coder's notifications, outer schema 1.0 and 1.1 (coderd/notifications/dispatch/webhook.go). Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "model/notification.hpp"

namespace belfry::source {

// Input from the request. Borrowed.
struct WebhookRequest {
  std::string_view body;
  std::optional<std::string_view> message_id_header;  // X-Message-Id
};

// Values that the gateway adds.
struct IntakeInfo {
  std::string source;  // name of the source in the configuration
  std::string id;      // unique; also the msg_id of a notification without one
  base::Timestamp received_at{};
};

// Parses one notification and applies the built-in rules.
//
// Required: `title` and `body` (white space is content), `payload` with a string `user_email` (may be empty) and `actions` (may be null).
// Every other known key may be absent or null; a known key of another type is an error; unknown keys are ignored; the last of
// duplicate keys counts. Control characters other than newline and tab are removed from all texts, so that none reach later stages (CRLF
// becomes LF).
//
// Errors: ErrorCode::invalid; one line, under 512 bytes, that names the field ("payload.actions[1].url: expected a string, found a
// number") or the byte, and contains nothing of the body except the truncated and escaped name of a label.
[[nodiscard]] base::Result<model::Notification> parse_coder(const WebhookRequest& request, IntakeInfo intake);

}  // namespace belfry::source
