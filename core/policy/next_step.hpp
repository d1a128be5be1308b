// Decides what follows an attempt, also whether a fallback is tried: the table of outcomes as a function. Pure: time and randomness are
// arguments.
//
//   delivered ....... done
//   retry ........... again after the back-off, with retry_after as a minimum; counts as a failure
//   rate_limited .... again after exactly retry_after (30 s if missing or 0; bounded, see retry_after.hpp), and a pause of the limit_scope:
//                     the recipient queue, the sink, or all sinks with the same account; does not count as a failure
//   rejected ........ fallback, else dead letter
//   misconfigured ... the lane is parked; the delivery stays until it expires; counts as a failure
//   "again" at or after expires_at .... expired: fallback, else dead letter
#pragma once
#include <optional>
#include <variant>

#include "base/clock.hpp"
#include "model/delivery.hpp"
#include "model/outcome.hpp"

namespace belfry::policy {

namespace next {
struct Done {
  bool operator==(const Done&) const = default;
};
struct Retry {
  base::Timestamp at{};
  bool counts_as_failure = true;
  bool possible_duplicate = false;  // this attempt may have been delivered: set the mark
  bool operator==(const Retry&) const = default;
};
struct FallBack {
  model::DeliveryState state = model::DeliveryState::rejected;  // or expired
  bool possible_duplicate = false;                              // this or an earlier attempt may have been delivered
  bool operator==(const FallBack&) const = default;
};
struct DeadLetter {
  model::DeliveryState state = model::DeliveryState::rejected;  // or expired
  bool operator==(const DeadLetter&) const = default;
};
}  // namespace next
using Next = std::variant<next::Done, next::Retry, next::FallBack, next::DeadLetter>;

struct Pause {
  enum class Scope { recipient_queue, sink, account };
  Scope scope = Scope::sink;
  base::Timestamp until{};
  bool operator==(const Pause&) const = default;
};

struct Step {
  Next next;
  std::optional<Pause> pause;
  bool park_lane = false;
  bool operator==(const Step&) const = default;
};

// The step after an attempt. `random` in [0, 1) is the jitter of the back-off.
[[nodiscard]] Step next_step(const model::Outcome& outcome, const model::Delivery& delivery, base::Timestamp now, double random);

// The step when max_age is reached, without a new attempt. `maybe_delivered`: the result of an earlier attempt is unknown.
[[nodiscard]] Step expire(const model::Delivery& delivery, bool maybe_delivered);

}  // namespace belfry::policy
