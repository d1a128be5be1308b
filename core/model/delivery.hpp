// delivery: the durable promise to send one notification to one target. attempt: one try to send it.
#pragma once
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/notification.hpp"
#include "model/outcome.hpp"
#include "model/pipeline.hpp"

namespace belfry::model {

enum class Audience { direct, shared };  // one person, or a destination that others read too

struct Destination {
  Audience audience = Audience::direct;
  std::string address;  // direct: e-mail in lower case, else the source's user id; shared: the sink's name for it

  // "direct:bobby@coder.com": identifies the recipient queue within a sink.
  [[nodiscard]] std::string key() const;
  bool operator==(const Destination&) const = default;
};

// target: (sink, destination), chosen by a route.
struct Target {
  std::string sink;
  Destination destination;
  nlohmann::json overrides = nlohmann::json::object();  // keys of the sink's config set by the route, e.g. {"channel": "C1"}
  std::string route;                                    // the route that chose it
  std::vector<std::string> fallback;                    // sinks to try in turn after a rejection or expiry
  std::optional<base::Millis> max_age;                  // the route's own
  bool allow_sensitive = false;
  std::shared_ptr<const Timing> timing;  // null: due at once
  bool quiet_hours_hold = true;          // false: matched their `except`
  std::string digest_key;                // rendered key of its digest or throttle

  bool operator==(const Target&) const = default;
};

enum class DeliveryState {
  waiting,    // no attempt in flight; the next is due at due_at
  in_flight,  // leased
  delivered,
  rejected,   // can never succeed here
  expired,    // max_age passed first
  discarded,  // by an operator
};

enum class DeliveryKind { notification, digest };

struct Delivery {
  std::string id;              // UUIDv7; the idempotency key that a sink sees
  std::uint64_t sequence = 0;  // accept order, assigned by the store
  DeliveryKind kind = DeliveryKind::notification;
  std::string note;             // of a digest: one sentence that explains it to its reader; may be empty
  std::string notification_id;  // of a digest: that of its first item
  std::string sink;
  Destination destination;
  nlohmann::json overrides = nlohmann::json::object();
  std::string route;
  std::vector<std::string> fallback;
  bool sensitive = false;
  bool allow_sensitive = false;
  base::Timestamp created_at{};
  base::Timestamp due_at{};
  base::Timestamp expires_at{};

  DeliveryState state = DeliveryState::waiting;
  bool dead_letter = false;         // ended without success or fallback; waits for an operator
  bool possible_duplicate = false;  // an earlier attempt may have arrived
  std::uint32_t attempts = 0;       // begun so far
  std::uint32_t failures = 0;       // ended in retry or misconfigured; the exponent of the back-off
  std::string last_reason;          // of the newest outcome
  std::string last_detail;
  std::string receipt;            // JSON text, of the newest success
  std::string fallback_of;        // delivery id; empty if a route chose this delivery
  base::Timestamp finished_at{};  // epoch while unfinished

  bool operator==(const Delivery&) const = default;
};

struct Attempt {
  std::string delivery_id;
  std::uint32_t number = 0;  // 1, 2, ...
  base::Timestamp started_at{};
  std::optional<base::Timestamp> finished_at;
  std::optional<Outcome> outcome;
  bool late = false;  // the outcome arrived after the attempt had been given up

  bool operator==(const Attempt&) const = default;
};

// Explains an event in the life of a notification; shown by `belfry why`.
struct Decision {
  base::Timestamp at{};
  std::string notification_id;
  std::string delivery_id;  // empty if it concerns the notification as a whole
  std::string event;   // slug: received, duplicate, processed, matched, dropped, unrouted, routed, merged, withheld, held, deduplicated,
                       // digested, throttled, attempt, delivered, rejected, expired, fallback, retried, discarded, restored, unreadable
  std::string detail;  // one sentence, never the text of the notification

  bool operator==(const Decision&) const = default;
};

}  // namespace belfry::model
