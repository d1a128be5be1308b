#include "store/operations/steps.hpp"

#include <algorithm>
#include <charconv>

#include "model/codec.hpp"

namespace belfry::store::operations {

bool unfinished(const model::Delivery& delivery) {
  return delivery.state == model::DeliveryState::waiting || delivery.state == model::DeliveryState::in_flight;
}

bool leased(const DeliveryRow& row, base::Timestamp now) {
  return row.delivery.state == model::DeliveryState::in_flight && row.claim_until > now;
}

QueueRow queue_for(Tables& tables, const std::string& sink, const std::string& key) {
  if (auto known = tables.queue(sink, key)) return *known;
  QueueRow queue{.sink = sink, .key = key};
  queue.row = tables.add(queue);
  return queue;
}

std::optional<base::Timestamp> ready_at(const QueueRow& queue, const QueueFront& front) {
  auto ready = front.next_joins;
  if (front.head) {
    const auto head = front.head->claim_until.value_or(front.head->due_at);
    ready = ready ? std::min(*ready, head) : head;
  }
  if (ready) ready = std::max({*ready, queue.paused_until, front.leased_until.value_or(*ready)});
  return ready;
}

void refresh(Tables& tables, QueueRow queue, base::Timestamp now) {
  const auto ready = ready_at(queue, tables.front(queue, now));
  if (ready == queue.ready_at) return;
  queue.ready_at = ready;
  tables.save(queue);
}

void refresh(Tables& tables, RowId queue, base::Timestamp now) {
  if (auto found = tables.queue(queue)) refresh(tables, std::move(*found), now);
}

void enqueue(Tables& tables, QueueRow queue, const DeliveryRow& added, base::Timestamp now) {
  ++queue.deliveries;
  const bool alone = !queue.ready_at;
  queue.ready_at = alone ? std::max(added.joins_at, queue.paused_until) : ready_at(queue, tables.front(queue, now));
  tables.save(queue);
}

std::optional<QueuePosition> queue_position(Tables& tables, const DeliveryRow& row) {
  const auto queue = tables.queue(row.queue);
  if (!unfinished(row.delivery) || !queue) return std::nullopt;
  QueuePosition position{.delivery_id = row.delivery.id, .paused_until = queue->paused_until, .head = {}};
  const auto front = tables.front(*queue, std::max(row.joins_at, queue->ready_at.value_or(row.joins_at)));
  if (!front.head || front.head->delivery >= row.row()) return position;
  if (auto head = tables.delivery(front.head->delivery)) position.head = std::move(head->delivery);
  return position;
}

ListedState listed_state(const DeliveryRow& row, base::Timestamp paused_until, base::Timestamp now) {
  const auto& delivery = row.delivery;
  if (delivery.dead_letter) return ListedState::dead;
  switch (delivery.state) {
    case model::DeliveryState::in_flight: return ListedState::in_flight;
    case model::DeliveryState::delivered: return ListedState::delivered;
    case model::DeliveryState::rejected: return ListedState::rejected;
    case model::DeliveryState::expired: return ListedState::expired;
    case model::DeliveryState::discarded: return ListedState::discarded;
    case model::DeliveryState::waiting: break;
  }
  if (delivery.due_at > now && delivery.due_at != row.joins_at) return ListedState::backoff;
  return std::max(delivery.due_at, paused_until) > now ? ListedState::held : ListedState::waiting;
}

std::string claim_of(const DeliveryRow& row) { return std::to_string(row.row()) + "." + std::to_string(row.leases); }

std::optional<DeliveryRow> find_by_claim(Tables& tables, const std::string& claim) {
  RowId id = 0;
  const auto* end_of_claim = claim.data() + claim.size();
  if (std::from_chars(claim.data(), end_of_claim, id).ec != std::errc{}) return std::nullopt;
  auto row = tables.delivery(id);
  if (!row || row->delivery.state != model::DeliveryState::in_flight || claim_of(*row) != claim) return std::nullopt;
  return row;
}

std::vector<RowId> carried_notifications(Tables& tables, const DeliveryRow& row) {
  if (row.delivery.kind == model::DeliveryKind::digest) return tables.members(row.row());
  return {row.notification};
}

namespace {

void release_notification(Tables& tables, RowId id, base::Timestamp now) {
  auto notification = tables.notification(id);
  if (!notification) return;
  if (notification->unfinished > 0) --notification->unfinished;
  if (notification->unfinished == 0) {
    notification->ended_at = now;
    if (notification->sensitive) {
      notification->erased = true;
      tables.erase_text(id, model::encode(without_text(model::decode_notification(tables.text(id)).value_or(header_of(*notification)))));
    }
  }
  tables.save(*notification);
}

}  // namespace

void end_delivery(Tables& tables, DeliveryRow& row, model::DeliveryState state, bool dead_letter, base::Timestamp now) {
  if (row.delivery.kind == model::DeliveryKind::digest) tables.close_digest(row.queue, row.row());
  row.delivery.state = state;
  row.delivery.dead_letter = dead_letter;
  row.delivery.finished_at = now;
  row.claim_until = {};
  tables.save(row);
  for (const auto notification : carried_notifications(tables, row)) release_notification(tables, notification, now);
}

void make_dead_letter(Tables& tables, DeliveryRow& row, const std::string& why, base::Timestamp now) {
  row.delivery.last_reason = "unreadable";
  row.delivery.last_detail = why;
  row.open_attempt = 0;
  if (tables.notification(row.notification))
    add_decision(tables, row, "rejected", row.delivery.sink + " " + row.delivery.destination.key() + ": unreadable: " + why, now);
  end_delivery(tables, row, model::DeliveryState::rejected, true, now);
}

bool has_ended(const std::vector<model::Attempt>& attempts, std::uint32_t number) {
  return std::ranges::find(attempts, number, &model::Attempt::number) != attempts.end();
}

std::vector<model::Attempt> attempts_of(Tables& tables, const DeliveryRow& row) {
  auto attempts = tables.attempts(row);
  if (row.open_attempt != 0 && !has_ended(attempts, row.open_attempt)) {
    attempts.push_back({.delivery_id = row.delivery.id, .number = row.open_attempt, .started_at = row.begun_at});
  }
  return attempts;
}

std::optional<model::Decision> delivered_decision(Tables& tables, const DeliveryRow& row) {
  const auto& delivery = row.delivery;
  if (delivery.state != model::DeliveryState::delivered) return std::nullopt;
  std::string how = "found to have arrived";
  for (const auto& attempt : tables.attempts(row)) {
    if (!attempt.outcome || attempt.outcome->code != model::OutcomeCode::delivered) continue;
    how = "attempt " + std::to_string(attempt.number) + (attempt.late ? ", reported late" : "");
  }
  return model::Decision{.at = delivery.finished_at,
                         .notification_id = delivery.notification_id,
                         .delivery_id = delivery.id,
                         .event = "delivered",
                         .detail = delivery.sink + " " + delivery.destination.key() + ": " + how};
}

std::string by_operator(const Operator& by) { return "by " + by.name + (by.reason.empty() ? "" : ": " + by.reason); }

void add_decision(Tables& tables, const DeliveryRow& row, std::string_view what, std::string detail, base::Timestamp at) {
  tables.add_decision(row.notification, {.at = at,
                                         .notification_id = row.delivery.notification_id,
                                         .delivery_id = row.delivery.id,
                                         .event = std::string(what),
                                         .detail = std::move(detail)});
}

std::string ascii_lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

model::Notification header_of(const NotificationRow& row) {
  return {.id = row.id, .source = row.source, .msg_id = row.msg_id, .received_at = row.received_at, .sensitive = row.sensitive};
}

model::Notification without_text(const model::Notification& notification) {
  model::Notification rest = notification;
  for (auto* text : {&rest.title, &rest.title_markdown, &rest.body, &rest.body_markdown, &rest.update_key}) text->clear();
  rest.actions.clear();
  rest.labels.clear();
  rest.data = nullptr;
  rest.targets.clear();
  rest.original = nullptr;
  return rest;
}

}  // namespace belfry::store::operations
