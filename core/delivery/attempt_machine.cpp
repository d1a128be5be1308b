#include "delivery/attempt_machine.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/visitor.hpp"
#include "policy/retry_after.hpp"

namespace belfry::delivery {

using model::Outcome;
using model::OutcomeCode;
using plugin::ReconcileResult;

namespace {

constexpr base::Millis kReconcileRetry{30'000};    // if the sink gives no retry_after
constexpr base::Millis kMinReconcileRetry{1'000};  // retrying at once would spin

bool expires(const policy::Next& next) {
  if (const auto* fall_back = std::get_if<policy::next::FallBack>(&next)) return fall_back->state == model::DeliveryState::expired;
  const auto* dead = std::get_if<policy::next::DeadLetter>(&next);
  return dead != nullptr && dead->state == model::DeliveryState::expired;
}

Outcome expired_outcome() {
  return {.code = OutcomeCode::rejected, .reason = "expired", .detail = "the delivery did not succeed within its max_age"};
}

// The outcome of the previous attempt, as reconciling has found it.
Outcome found_outcome(ReconcileResult result) {
  return {.code = OutcomeCode::delivered, .reason = "delivered", .detail = std::move(result.detail), .receipt = std::move(result.receipt)};
}

// No attempt has this outcome: it explains why the delivery waits.
Outcome undetermined_outcome(ReconcileResult result) {
  return {.code = OutcomeCode::rate_limited, .retry_after = result.retry_after, .reason = "unknown", .detail = std::move(result.detail)};
}

// An attempt that crashed the plugin may still have delivered the message.
Outcome crashed_outcome() {
  return {.code = OutcomeCode::rejected,
          .maybe_delivered = true,
          .reason = "plugin_crashed",
          .detail = "the plugin crashed the gateway on every attempt; the delivery is not retried automatically"};
}

}  // namespace

Action AttemptMachine::resume(Event event, base::Timestamp now, double random) {
  const auto expect = [this](State wanted) {
    if (state_ != wanted) throw std::logic_error("attempt machine: unexpected event in this state");
  };
  return std::visit(base::Visitor{
                        [&](const event::Start&) {
                          expect(State::ready);
                          return start(now);
                        },
                        [&](event::Reconciled& e) {
                          expect(State::reconciling);
                          return reconciled(std::move(e.result), now);
                        },
                        [&](const event::Began& e) -> Action {
                          expect(State::beginning);
                          return send(e.attempt);
                        },
                        [&](const event::ClaimLost&) -> Action {
                          state_ = State::over;
                          return action::Abandon{};
                        },
                        [&](event::Ended& e) {
                          expect(State::sending);
                          return ended(std::move(e.outcome), now, random);
                        },
                    },
                    event);
}

Action AttemptMachine::start(base::Timestamp now) {
  if (setup_.crasher) return finish_crasher(now);
  if (setup_.leased.attempt != 0) return send(setup_.leased.attempt);
  if (setup_.leased.in_doubt && setup_.can_reconcile) {
    state_ = State::reconciling;
    return action::Reconcile{};
  }
  if (setup_.leased.delivery.expires_at <= now) return expire(now);
  return begin(setup_.leased.in_doubt);
}

Action AttemptMachine::reconciled(ReconcileResult result, base::Timestamp now) {
  using Code = ReconcileResult::Code;
  if (result.code == Code::found) return finish(found_outcome(std::move(result)), {policy::next::Done{}}, now);
  const bool certainly_absent = result.code == Code::absent;
  if (certainly_absent) setup_.leased.in_doubt = false;
  if (setup_.leased.delivery.expires_at <= now) return expire(now);
  if (result.code == Code::ask_again) return reconcile_later(std::move(result), now);
  return begin(!certainly_absent);
}

Action AttemptMachine::reconcile_later(ReconcileResult result, base::Timestamp now) {
  const auto wait = std::max(policy::bounded_wait(result.retry_after.value_or(kReconcileRetry)), kMinReconcileRetry);
  return finish(undetermined_outcome(std::move(result)),
                {policy::next::Retry{std::min(now + wait, setup_.leased.delivery.expires_at), false, false}}, now);
}

Action AttemptMachine::begin(bool possible_duplicate) {
  const bool mark = possible_duplicate && !setup_.leased.delivery.possible_duplicate;
  setup_.leased.delivery.possible_duplicate |= possible_duplicate;
  state_ = State::beginning;
  return action::Begin{mark};
}

Action AttemptMachine::send(std::uint32_t attempt) {
  attempt_ = attempt;
  state_ = State::sending;
  return action::Send{attempt};
}

Action AttemptMachine::ended(Outcome outcome, base::Timestamp now, double random) {
  auto step = policy::next_step(outcome, setup_.leased.delivery, now, random);
  // A message that may have arrived is reconciled before the delivery expires, which happens at the next lease.
  if (outcome.maybe_delivered && setup_.can_reconcile && expires(step.next)) {
    step.next = policy::next::Retry{std::max(now, setup_.leased.delivery.expires_at), true, true};
  }
  return finish(std::move(outcome), step, now);
}

Action AttemptMachine::expire(base::Timestamp now) {
  return finish(expired_outcome(), policy::expire(setup_.leased.delivery, setup_.leased.in_doubt), now);
}

Action AttemptMachine::finish_crasher(base::Timestamp now) {
  attempt_ = setup_.leased.attempt;
  auto outcome = crashed_outcome();
  const auto step = policy::next_step(outcome, setup_.leased.delivery, now, 0);
  return finish(std::move(outcome), step, now);
}

store::Disposition AttemptMachine::to_store(const policy::Next& next, base::Timestamp now) const {
  const auto fall_back = [&](const policy::next::FallBack& f) -> store::Disposition {
    const auto& leased = setup_.leased;
    auto follower = leased.items.empty()
                        ? std::nullopt
                        : fallback_delivery(leased.delivery, leased.items.front(), *setup_.sinks, f.possible_duplicate, now);
    if (!follower) return store::DeadLetter{f.state};
    return store::FallBack{f.state, {std::move(*follower)}};
  };
  return std::visit(base::Visitor{
                        [](const policy::next::Done&) -> store::Disposition { return store::Done{}; },
                        [&](const policy::next::Retry& r) -> store::Disposition {
                          const bool look = r.possible_duplicate && setup_.can_reconcile;
                          return store::RetryAt{r.at, r.counts_as_failure, r.possible_duplicate && !look, look};
                        },
                        fall_back,
                        [](const policy::next::DeadLetter& d) -> store::Disposition { return store::DeadLetter{d.state}; },
                    },
                    next);
}

Action AttemptMachine::finish(Outcome outcome, const policy::Step& step, base::Timestamp now) {
  state_ = State::over;
  auto next = to_store(step.next, now);
  return action::Finish{
      {setup_.leased.claim, setup_.leased.delivery.id, attempt_, std::move(outcome), std::move(next), now}, step.pause, step.park_lane};
}

}  // namespace belfry::delivery
