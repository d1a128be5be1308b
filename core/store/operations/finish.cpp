#include <algorithm>

#include "model/codec.hpp"
#include "model/names.hpp"
#include "store/operations/operations.hpp"
#include "store/operations/steps.hpp"

namespace belfry::store::operations {
namespace {

using model::DeliveryState;

constexpr base::Millis kOneSecond{1000};

void record_outcome(model::Delivery& delivery, const model::Outcome& outcome) {
  delivery.last_reason = outcome.reason;
  delivery.last_detail = outcome.detail;
  if (outcome.code == model::OutcomeCode::delivered && !outcome.receipt.empty()) delivery.receipt = outcome.receipt;
}

std::string describe(const model::Delivery& delivery) {
  std::string text = delivery.sink + " " + delivery.destination.key();
  if (!delivery.last_reason.empty()) text += ": " + delivery.last_reason;
  if (!delivery.last_detail.empty()) text += ": " + delivery.last_detail;
  return text;
}

// The max_age that ended the delivery.
base::Millis max_age_of(Tables& tables, const DeliveryRow& row) {
  const auto expires_at = row.delivery.expires_at;
  // The max_age of the notification counts from its receipt, even if the delivery was held or is a fallback.
  const auto notification = model::decode_notification(tables.text(row.notification));
  if (notification && notification->max_age) {
    const auto rest = expires_at - (notification->received_at + *notification->max_age);
    if (rest > -kOneSecond && rest < kOneSecond) return *notification->max_age;
  }
  return std::chrono::round<std::chrono::seconds>(expires_at - row.joins_at);
}

// For the decision that the delivery has failed: "slack direct:ada@example.com: expired: not delivered within its max_age of 1d".
std::string describe_end(Tables& tables, const DeliveryRow& row, DeliveryState state, bool attempted) {
  if (state != DeliveryState::expired) return describe(row.delivery);
  const auto age = std::string(kMaxAgeOf) + base::to_string(max_age_of(tables, row));
  if (attempted) return describe(row.delivery) + "; " + age + " leaves no time for another attempt";
  return row.delivery.sink + " " + row.delivery.destination.key() + ": expired: not delivered within " + age;
}

// Writes a fallback for the notifications of `parent` that the target does not have yet. False: it has all of them.
bool add_fallback(Tables& tables, const DeliveryRow& parent, const model::Delivery& fallback, base::Timestamp now) {
  const auto queue = queue_for(tables, fallback.sink, fallback.destination.key());
  std::vector<NotificationRow> fresh;
  for (const auto id : carried_notifications(tables, parent)) {
    auto notification = tables.notification(id);
    if (!notification) continue;
    if (!tables.has_delivery(id, queue.row)) {
      fresh.push_back(std::move(*notification));
      continue;
    }
    tables.add_decision(id, {.at = now,
                             .notification_id = notification->id,
                             .delivery_id = parent.delivery.id,
                             .event = "merged",
                             .detail = fallback.sink + " " + queue.key + ": the fallback target already has a delivery"});
  }
  if (fresh.empty()) return false;

  DeliveryRow row{
      .delivery = fallback, .notification = fresh.front().row, .queue = queue.row, .email = parent.email, .event = fresh.front().event};
  row.delivery.kind = parent.delivery.kind;
  row.delivery.notification_id = fresh.front().id;
  row.delivery.fallback_of = parent.delivery.id;
  row.joins_at = fallback.due_at;
  row.delivery.sequence = static_cast<std::uint64_t>(tables.add(row));
  for (auto& notification : fresh) {
    if (row.delivery.kind == model::DeliveryKind::digest) tables.add_member(row.row(), notification.row);
    ++notification.unfinished;
    tables.save(notification);
  }
  add_decision(tables, row, "fallback", fallback.sink + " " + queue.key + ": instead of " + parent.delivery.sink, now);
  enqueue(tables, queue, row, now);
  return true;
}

// Applies Finish::next.
struct ApplyDisposition {
  Tables& tables;
  const Finish& finish;
  DeliveryRow& row;
  Finished& result;

  void operator()(const Done&) { end_delivery(tables, row, DeliveryState::delivered, false, finish.now); }
  void operator()(const RetryAt& retry) {
    row.delivery.state = DeliveryState::waiting;
    row.delivery.due_at = retry.at;
    row.delivery.failures += retry.counts_as_failure ? 1 : 0;
    row.delivery.possible_duplicate |= retry.possible_duplicate;
    row.claim_until = {};
    tables.save(row);
  }
  void operator()(const FallBack& fallback) {
    add_decision(tables, row, model::to_string(fallback.state), describe_end(tables, row, fallback.state, finish.attempt != 0), finish.now);
    // Before this delivery ends: a sensitive text must not be erased while a fallback needs it.
    for (const auto& delivery : fallback.deliveries) {
      const bool added = add_fallback(tables, row, delivery, finish.now);
      if (added && std::ranges::find(result.sinks, delivery.sink) == result.sinks.end()) result.sinks.push_back(delivery.sink);
    }
    end_delivery(tables, row, fallback.state, fallback.deliveries.empty(), finish.now);
  }
  void operator()(const DeadLetter& dead) {
    add_decision(tables, row, model::to_string(dead.state), describe_end(tables, row, dead.state, finish.attempt != 0), finish.now);
    end_delivery(tables, row, dead.state, true, finish.now);
  }
};

bool is_failed_state(DeliveryState state) { return state == DeliveryState::rejected || state == DeliveryState::expired; }

base::Result<void> check(const Finish& finish, const DeliveryRow& row) {
  if (finish.attempt != 0 && finish.attempt != row.open_attempt) {
    return base::fail(base::ErrorCode::invalid,
                      "attempt " + std::to_string(finish.attempt) + " of delivery " + finish.delivery_id + " is not the one begun last");
  }
  const auto* fallback = std::get_if<FallBack>(&finish.next);
  const auto* dead = std::get_if<DeadLetter>(&finish.next);
  if ((fallback != nullptr && !is_failed_state(fallback->state)) || (dead != nullptr && !is_failed_state(dead->state))) {
    return base::fail(base::ErrorCode::invalid, "the state of an abandoned delivery must be rejected or expired");
  }
  return {};
}

}  // namespace

base::Result<Finished> finish(Tables& tables, const Finish& finish, const std::string& outcome) {
  auto row = find_by_claim(tables, finish.claim);
  if (!row || row->delivery.id != finish.delivery_id) return Finished{};
  if (auto checked = check(finish, *row); !checked) return std::unexpected(checked.error());
  if (finish.attempt != 0) {
    tables.save(row->row(), AttemptRow{finish.attempt, row->begun_at, finish.now, outcome});
    const auto* retry = std::get_if<RetryAt>(&finish.next);
    if (retry == nullptr || !retry->in_doubt) row->open_attempt = 0;
  }
  if (finish.attempt != 0 || !finish.outcome.reason.empty()) record_outcome(row->delivery, finish.outcome);
  Finished result{.applied = true};
  std::visit(ApplyDisposition{tables, finish, *row, result}, finish.next);
  refresh(tables, row->queue, finish.now);
  return result;
}

base::Result<LateResult> finish_late(Tables& tables, const std::string& delivery_id, std::uint32_t attempt, const model::Outcome& outcome,
                                     base::Timestamp now) {
  if (outcome.code != model::OutcomeCode::delivered) return LateResult::ignored;
  auto row = tables.delivery(delivery_id);
  if (!row) return LateResult::ignored;
  const auto attempts = attempts_of(tables, *row);
  const auto found = std::ranges::find(attempts, attempt, &model::Attempt::number);
  const bool already_delivered = found != attempts.end() && found->outcome && found->outcome->code == model::OutcomeCode::delivered;
  if (found == attempts.end() || already_delivered) return LateResult::ignored;

  tables.save(row->row(), AttemptRow{attempt, found->started_at, now, model::encode(outcome), true});
  if (row->open_attempt == attempt) row->open_attempt = 0;
  const std::string which = row->delivery.sink + " " + row->delivery.destination.key() + ": attempt " + std::to_string(attempt);
  if (attempt == row->delivery.attempts && unfinished(row->delivery)) {
    record_outcome(row->delivery, outcome);
    end_delivery(tables, *row, DeliveryState::delivered, false, now);
    refresh(tables, row->queue, now);
    return LateResult::settled;
  }
  row->delivery.possible_duplicate = true;
  add_decision(tables, *row, "attempt", which + " arrived after all; a possible duplicate", now);
  tables.save(*row);
  return LateResult::duplicate;
}

}  // namespace belfry::store::operations
