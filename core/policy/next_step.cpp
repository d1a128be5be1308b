#include "policy/next_step.hpp"

#include <algorithm>

#include "policy/backoff.hpp"
#include "policy/retry_after.hpp"

namespace belfry::policy {
namespace {

constexpr base::Millis kDefaultRetryAfter = std::chrono::seconds(30);

Next give_up(const model::Delivery& delivery, model::DeliveryState state, bool maybe_delivered) {
  if (delivery.fallback.empty()) return next::DeadLetter{state};
  return next::FallBack{state, delivery.possible_duplicate || maybe_delivered};
}

Next retry_or_expire(const model::Outcome& outcome, const model::Delivery& delivery, base::Timestamp at, bool counts_as_failure) {
  if (at >= delivery.expires_at) return give_up(delivery, model::DeliveryState::expired, outcome.maybe_delivered);
  return next::Retry{at, counts_as_failure, outcome.maybe_delivered};
}

Step retry(const model::Outcome& outcome, const model::Delivery& delivery, base::Timestamp now, double random) {
  const auto at_least = outcome.retry_after ? std::optional(bounded_wait(*outcome.retry_after, delivery.expires_at - now)) : std::nullopt;
  return {retry_or_expire(outcome, delivery, now + backoff_delay(delivery.failures + 1, random, at_least), true)};
}

// A limit without a scope pauses the whole sink: further requests could make it worse.
Step rate_limited(const model::Outcome& outcome, const model::Delivery& delivery, base::Timestamp now) {
  const auto requested = bounded_wait(outcome.retry_after.value_or(kDefaultRetryAfter), delivery.expires_at - now);
  const auto until = now + (requested.count() == 0 ? kDefaultRetryAfter : requested);  // a wait of 0 would spin
  const auto scope = outcome.limit_scope == model::LimitScope::recipient    ? Pause::Scope::recipient_queue
                     : outcome.limit_scope == model::LimitScope::credential ? Pause::Scope::account
                                                                            : Pause::Scope::sink;
  return {retry_or_expire(outcome, delivery, until, false), Pause{scope, until}};
}

// Leaves expiry to the sweep of the parked lane: the fault is in the configuration and may be fixed in time.
Step misconfigured(const model::Outcome& outcome, const model::Delivery& delivery, base::Timestamp now, double random) {
  if (now >= delivery.expires_at) return {give_up(delivery, model::DeliveryState::expired, outcome.maybe_delivered), {}, true};
  const auto at = now + backoff_delay(delivery.failures + 1, random, outcome.retry_after);
  return {next::Retry{std::min(at, delivery.expires_at), true, outcome.maybe_delivered}, {}, true};
}

}  // namespace

Step next_step(const model::Outcome& outcome, const model::Delivery& delivery, base::Timestamp now, double random) {
  switch (outcome.code) {
    case model::OutcomeCode::delivered: return {next::Done{}};
    case model::OutcomeCode::rate_limited: return rate_limited(outcome, delivery, now);
    case model::OutcomeCode::rejected: return {give_up(delivery, model::DeliveryState::rejected, outcome.maybe_delivered)};
    case model::OutcomeCode::misconfigured: return misconfigured(outcome, delivery, now, random);
    case model::OutcomeCode::retry: break;
  }
  return retry(outcome, delivery, now, random);
}

Step expire(const model::Delivery& delivery, bool maybe_delivered) {
  return {give_up(delivery, model::DeliveryState::expired, maybe_delivered)};
}

}  // namespace belfry::policy
