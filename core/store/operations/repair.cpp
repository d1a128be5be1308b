#include <algorithm>
#include <iterator>

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

// An unreadable delivery would become a dead letter again at once.
bool can_be_retried(const std::optional<DeliveryRow>& row) { return row && !unfinished(row->delivery) && row->unreadable.empty(); }

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

}  // namespace

base::Result<bool> pause_queue(Tables& tables, const std::string& sink, const std::string& destination_key, base::Timestamp until) {
  auto queue = queue_for(tables, sink, destination_key);
  queue.paused_until = until;
  if (queue.ready_at) queue.ready_at = until;
  tables.save_pause(queue);
  return queue.ready_at.has_value();
}

base::Result<std::size_t> retry(Tables& tables, const std::vector<std::string>& ids, const std::string& by, base::Timestamp now,
                                base::Millis max_age) {
  for (const auto& id : ids) {
    const auto row = tables.delivery(id);
    if (can_be_retried(row) && erased(tables, *row)) {
      return base::fail(base::ErrorCode::invalid, "delivery " + id + " cannot be sent again: its text was sensitive and has been erased");
    }
  }
  std::size_t requeued = 0;
  for (const auto& id : ids) {
    auto row = tables.delivery(id);
    if (!can_be_retried(row)) continue;
    requeue(tables, *row, now, max_age);
    add_decision(tables, *row, "retried", "by " + by, now);
    refresh(tables, row->queue, now);
    ++requeued;
  }
  return requeued;
}

base::Result<std::size_t> discard(Tables& tables, const std::vector<std::string>& ids, const std::string& by, base::Timestamp now) {
  std::size_t discarded = 0;
  for (const auto& id : ids) {
    auto row = tables.delivery(id);
    if (!row || leased(*row, now)) continue;
    if (unfinished(row->delivery)) {
      end_delivery(tables, *row, DeliveryState::discarded, false, now);
      refresh(tables, row->queue, now);
    } else if (row->delivery.dead_letter) {
      row->delivery.state = DeliveryState::discarded;
      row->delivery.dead_letter = false;
      tables.save(*row);
    } else {
      continue;
    }
    add_decision(tables, *row, "discarded", "by " + by, now);
    ++discarded;
  }
  return discarded;
}

base::Result<SweepResult> sweep(Tables& tables, base::Timestamp before, std::size_t limit) {
  SweepResult result{.removed = tables.remove_windows(before, limit)};
  for (const auto notification : tables.ended_before(before, limit)) {
    tables.remove(notification, before);
    ++result.removed;
  }
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

base::Result<std::vector<model::Delivery>> find(Tables& tables, Filter filter) {
  filter.email = ascii_lower(std::move(filter.email));
  return tables.find(filter);
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
    if (const auto opener = tables.notification(row.notification); opener && opener->row != notification->row) {
      // The decisions on a digest are stored with the notification that opened it.
      for (auto& decision : tables.decisions(*opener)) {
        if (decision.delivery_id == row.delivery.id && decision.event != "digested") history.decisions.push_back(std::move(decision));
      }
    }
    history.deliveries.push_back(std::move(row.delivery));
  }
  std::ranges::stable_sort(history.decisions, {}, &model::Decision::at);
  return history;
}

}  // namespace belfry::store::operations
