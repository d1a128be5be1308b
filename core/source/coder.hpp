// coder: the webhook of Coder's notifications, outer schema 1.0 and 1.1 (coderd/notifications/dispatch/webhook.go). Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "model/notification.hpp"

namespace belfry::source {

// What came with a request. Borrowed.
struct Incoming {
  std::string_view body;
  std::optional<std::string_view> message_id_header;  // X-Message-Id
};

// What the gateway adds.
struct Arrival {
  std::string source;  // its name in the configuration
  std::string id;      // fresh; also the msg_id of a notification that brings none
  base::Timestamp received_at{};
};

// Reads one notification and applies the built-in data.
//
// Required: `title` and `body` (white space is content), `payload` with a string `user_email` (may be empty) and `actions` (may be null).
// Every other known key may be absent or null; a known key of another type is an error; unknown keys are ignored; of a key that stands
// twice the last one counts. Control characters other than newline and tab are removed from all texts, so that nothing downstream
// meets them (CRLF becomes LF).
//
// Errors: ErrorCode::invalid; one line, under 512 bytes, that names the field ("payload.actions[1].url: expected a string, found a
// number") or the byte, and holds nothing of the body but the cut and escaped name of a label.
[[nodiscard]] base::Result<model::Notification> parse_coder(const Incoming& incoming, Arrival arrival);

}  // namespace belfry::source
