// Steps shared by several rules.
#pragma once
#include "store/tables.hpp"

namespace belfry::store::operations {

[[nodiscard]] bool unfinished(const model::Delivery& delivery);
[[nodiscard]] bool leased(const DeliveryRow& row, base::Timestamp now);

// ---- queues

[[nodiscard]] QueueRow queue_for(Tables& tables, const std::string& sink, const std::string& key);
[[nodiscard]] std::optional<base::Timestamp> ready_at(const QueueRow& queue, const QueueFront& front);
// Recomputes ready_at after a change in the queue.
void refresh(Tables& tables, QueueRow queue, base::Timestamp now);
void refresh(Tables& tables, RowId queue, base::Timestamp now);
// Adds a delivery, already in the tables, to its queue.
void enqueue(Tables& tables, QueueRow queue, const DeliveryRow& added, base::Timestamp now);

// The queue of an unfinished delivery, at the time when something in it can next be sent.
[[nodiscard]] std::optional<QueuePosition> queue_position(Tables& tables, const DeliveryRow& row);

// ---- times of day

// Adjusts a delivery that is held until a time of day when the wall clock is set by `step`. `now`: the gateway's own time.
void apply_clock_step(DeliveryRow& row, base::Millis step, base::Timestamp now);

// ---- deliveries

// As Backlog counts it. `paused_until`: of its queue.
[[nodiscard]] ListedState listed_state(const DeliveryRow& row, base::Timestamp paused_until, base::Timestamp now);

[[nodiscard]] std::string claim_of(const DeliveryRow& row);
[[nodiscard]] std::optional<DeliveryRow> find_by_claim(Tables& tables, const std::string& claim);  // none: the claim was lost

// The notifications that a delivery carries.
[[nodiscard]] std::vector<RowId> carried_notifications(Tables& tables, const DeliveryRow& row);

// Ends a delivery. Its sensitive notifications that no other unfinished delivery carries lose their text.
void end_delivery(Tables& tables, DeliveryRow& row, model::DeliveryState state, bool dead_letter, base::Timestamp now);

// Ends an unreadable delivery as a dead letter. `why`: one sentence.
void make_dead_letter(Tables& tables, DeliveryRow& row, const std::string& why, base::Timestamp now);

[[nodiscard]] bool has_ended(const std::vector<model::Attempt>& attempts, std::uint32_t number);
// All attempts by number, including the open one.
[[nodiscard]] std::vector<model::Attempt> attempts_of(Tables& tables, const DeliveryRow& row);

// The decision "delivered", derived from the state and the attempts; none: not delivered.
[[nodiscard]] std::optional<model::Decision> delivered_decision(Tables& tables, const DeliveryRow& row);

// The detail of a decision by an operator: "by ada (uid 1000): the token was renewed".
[[nodiscard]] std::string by_operator(const Operator& by);

void add_decision(Tables& tables, const DeliveryRow& row, std::string_view what, std::string detail, base::Timestamp at);

// The notification as far as its row describes it, without its text.
[[nodiscard]] model::Notification header_of(const NotificationRow& row);
// The notification with its text erased: the recipient and the kind remain.
[[nodiscard]] model::Notification without_text(const model::Notification& notification);

// For e-mail addresses, which are compared without case.
[[nodiscard]] std::string ascii_lower(std::string text);

}  // namespace belfry::store::operations
