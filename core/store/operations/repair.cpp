#include <algorithm>
#include <iterator>
#include <set>

#include "model/codec.hpp"
#include "store/operations/operations.hpp"
#include "store/operations/steps.hpp"

namespace belfry::store::operations {
namespace {

using model::DeliveryState;

bool erased(Tables& tables, const DeliveryRow& row) {
  return std::ranges::any_of(carried_notifications(tables, row), [&](RowId id) {
    const auto notification = tables.notification(id);
    return notification && notification->erased;
  });
}

void requeue(Tables& tables, DeliveryRow& row, base::Timestamp now, base::Millis max_age) {
  auto& delivery = row.delivery;
  delivery.possible_duplicate |= delivery.state == DeliveryState::delivered;
  if (const auto decision = delivered_decision(tables, row)) tables.add_decision(row.notification, *decision);
  delivery.state = DeliveryState::waiting;
  delivery.dead_letter = false;
  delivery.failures = 0;
  delivery.due_at = now;
  delivery.expires_at = now + max_age;
  delivery.finished_at = {};
  row.joins_at = now;
  tables.save(row);
  for (const auto id : carried_notifications(tables, row)) {
    auto notification = tables.notification(id);
    if (!notification) continue;
    ++notification->unfinished;
    tables.save(*notification);
  }
}

// The result of one call of an operator, while it runs.
class Repair {
 public:
  Repair(Tables& tables, const char* action, const Operator& by, base::Timestamp now)
      : tables_(tables), action_(action), by_(by), now_(now), detail_(by_operator(by)) {}

  // None: there is no such delivery, or the id was taken before.
  std::optional<DeliveryRow> take(const std::string& id) {
    if (!taken_.insert(id).second) return std::nullopt;
    auto row = tables_.delivery(id);
    if (!row) refuse(id, kDoesNotExist);
    return row;
  }
  void refuse(const std::string& id, std::string_view why) { changed_.unchanged.push_back({id, std::string(why)}); }
  void note(const DeliveryRow& row, std::string_view what, bool in_queue) {
    const auto& delivery = row.delivery;
    // The decision is stored with the notification, which an unreadable delivery may have lost.
    if (tables_.notification(row.notification)) add_decision(tables_, row, what, detail_, now_);
    changed_.changed.push_back(delivery.id);
    if (std::ranges::find(sinks_, delivery.sink) == sinks_.end()) sinks_.push_back(delivery.sink);
    if (!in_queue) return;
    refresh(tables_, row.queue, now_);
    if (std::ranges::find(changed_.sinks, delivery.sink) == changed_.sinks.end()) changed_.sinks.push_back(delivery.sink);
  }
  Changed finish() {
    const auto count = changed_.changed.size();
    if (count == 0) return std::move(changed_);
    auto subject = std::to_string(count) + (count == 1 ? " delivery of " : " deliveries of ");
    for (const auto& sink : sinks_) subject += (&sink == &sinks_.front() ? "" : ", ") + sink;
    tables_.add(OperatorAction{
        .at = now_, .action = action_, .by = by_.name, .reason = by_.reason, .subject = std::move(subject), .deliveries = count});
    return std::move(changed_);
  }

 private:
  Tables& tables_;
  const char* action_;
  const Operator& by_;
  const base::Timestamp now_;
  const std::string detail_;
  std::set<std::string> taken_;
  std::vector<std::string> sinks_;  // of the changed deliveries
  Changed changed_;
};

// The notifications that this one repeated.
void add_repeated(Tables& tables, History& history) {
  for (const auto& decision : history.decisions) {
    if (decision.event != "deduplicated") continue;
    const auto notification = tables.notification(repeated_id(decision.detail));
    if (!notification || std::ranges::find(history.repeated, notification->id, &RepeatedNotification::id) != history.repeated.end())
      continue;
    RepeatedNotification repeated{.id = notification->id, .msg_id = notification->msg_id, .received_at = notification->received_at};
    for (auto& row : tables.deliveries_of(notification->row)) {
      if (row.unreadable.empty()) repeated.deliveries.push_back(std::move(row.delivery));
    }
    history.repeated.push_back(std::move(repeated));
  }
}

}  // namespace

base::Result<bool> pause_queue(Tables& tables, const std::string& sink, const std::string& destination_key, base::Timestamp until) {
  auto queue = queue_for(tables, sink, destination_key);
  queue.paused_until = until;
  if (queue.ready_at) queue.ready_at = until;
  tables.save_pause(queue);
  return queue.ready_at.has_value();
}

base::Result<Changed> retry(Tables& tables, const std::vector<std::string>& ids, const Operator& by, base::Timestamp now,
                            const RetryAges& ages) {
  Repair repair(tables, "retry", by, now);
  for (const auto& id : ids) {
    auto row = repair.take(id);
    if (!row) continue;
    const auto age = ages.by_sink.find(row->delivery.sink);
    if (row->delivery.state == DeliveryState::waiting) {
      repair.refuse(id, "is waiting already");
    } else if (row->delivery.state == DeliveryState::in_flight) {
      repair.refuse(id, "is in flight");
    } else if (!row->unreadable.empty()) {
      repair.refuse(id, "cannot be read");  // it would become a dead letter again at once
    } else if (age == ages.by_sink.end()) {
      repair.refuse(id, "goes to sink " + row->delivery.sink + ", which is not configured");
    } else if (erased(tables, *row)) {
      repair.refuse(id, kErased);
    } else {
      requeue(tables, *row, now, age->second);
      repair.note(*row, "retried", true);
    }
  }
  return repair.finish();
}

base::Result<Changed> discard(Tables& tables, const std::vector<std::string>& ids, const Operator& by, base::Timestamp now) {
  Repair repair(tables, "discard", by, now);
  for (const auto& id : ids) {
    auto row = repair.take(id);
    if (!row) continue;
    if (leased(*row, now)) {
      repair.refuse(id, "is in flight");
    } else if (unfinished(row->delivery)) {
      end_delivery(tables, *row, DeliveryState::discarded, false, now);
      repair.note(*row, "discarded", true);
    } else if (row->delivery.dead_letter) {
      row->delivery.state = DeliveryState::discarded;
      row->delivery.dead_letter = false;
      tables.save(*row);
      repair.note(*row, "discarded", false);
    } else if (row->delivery.state == DeliveryState::delivered) {
      repair.refuse(id, "was delivered");
    } else if (row->delivery.state == DeliveryState::discarded) {
      repair.refuse(id, "is discarded already");
    } else {
      repair.refuse(id, "has ended, and is not a dead letter");
    }
  }
  return repair.finish();
}

base::Result<SweepResult> sweep(Tables& tables, base::Timestamp before, std::size_t limit) {
  SweepResult result{.removed = tables.remove_windows(before, limit)};
  for (const auto notification : tables.ended_before(before, limit)) {
    tables.remove(notification, before);
    ++result.removed;
  }
  // An action concerned notifications received before it.
  result.removed += tables.remove_actions(std::min(before, tables.oldest_received().value_or(before)), limit);
  return result;
}

std::vector<model::Delivery> dead_letter_unreachable(Tables& tables, const std::vector<RowId>& deliveries, base::Timestamp now) {
  std::vector<model::Delivery> dead_lettered;
  for (const auto id : deliveries) {
    auto row = tables.delivery(id);
    if (!row) continue;
    make_dead_letter(tables, *row, row->unreadable.empty() ? "its recipient queue belongs to another sink" : row->unreadable, now);
    refresh(tables, row->queue, now);
    dead_lettered.push_back(std::move(row->delivery));
  }
  return dead_lettered;
}

base::Result<History> history(Tables& tables, const std::string& notification_id) {
  const auto notification = tables.notification(notification_id);
  if (!notification) return base::fail(base::ErrorCode::not_found, "no notification " + notification_id);
  auto decoded = model::decode_notification(tables.text(notification->row));

  History history{.notification = decoded ? std::move(*decoded) : header_of(*notification), .decisions = tables.decisions(*notification)};
  if (!decoded) {
    history.decisions.push_back(
        {.at = notification->received_at, .notification_id = notification->id, .event = "unreadable", .detail = decoded.error().message});
  }
  for (auto& row : tables.deliveries_of(notification->row)) {
    std::ranges::move(attempts_of(tables, row), std::back_inserter(history.attempts));
    if (auto decision = delivered_decision(tables, row)) history.decisions.push_back(std::move(*decision));
    if (auto position = queue_position(tables, row)) history.queues.push_back(std::move(*position));
    if (const auto opener = tables.notification(row.notification); opener && opener->row != notification->row) {
      // The decisions on a digest are stored with the notification that opened it.
      for (auto& decision : tables.decisions(*opener)) {
        if (decision.delivery_id == row.delivery.id && decision.event != "digested") history.decisions.push_back(std::move(decision));
      }
    }
    history.deliveries.push_back(std::move(row.delivery));
  }
  add_repeated(tables, history);
  std::ranges::stable_sort(history.decisions, {}, &model::Decision::at);
  return history;
}

}  // namespace belfry::store::operations
