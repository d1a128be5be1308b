// Steps that several rules share.
#pragma once
#include "store/tables.hpp"

namespace belfry::store::rules {

[[nodiscard]] bool unfinished(const model::Delivery& delivery);
[[nodiscard]] bool leased(const DeliveryRow& row, base::Timestamp now);

// ---- queues

[[nodiscard]] QueueRow queue_for(Tables& tables, const std::string& sink, const std::string& key);
[[nodiscard]] std::optional<base::Timestamp> ready_at(const QueueRow& queue, const QueueFront& front);
// Looks at the queue anew after something in it has changed.
void refresh(Tables& tables, QueueRow queue, base::Timestamp now);
void refresh(Tables& tables, RowId queue, base::Timestamp now);
// A delivery was added to the tables and takes its place in the queue.
void enter(Tables& tables, QueueRow queue, const DeliveryRow& added, base::Timestamp now);

// ---- times of day

// The wall clock was set by `step`: a delivery that is held until a time of day moves along. `now` is the gateway's own time.
void follow_wall_clock(DeliveryRow& row, base::Millis step, base::Timestamp now);

// ---- deliveries

[[nodiscard]] std::string claim_of(const DeliveryRow& row);
[[nodiscard]] std::optional<DeliveryRow> holder_of(Tables& tables, const std::string& claim);  // none: the claim was lost

// The notifications that a delivery carries.
[[nodiscard]] std::vector<RowId> carried(Tables& tables, const DeliveryRow& row);

// Ends a delivery, and what ends with it: the notifications that nothing else carries lose their text when they are sensitive.
void end(Tables& tables, DeliveryRow& row, model::DeliveryState state, bool dead_letter, base::Timestamp now);

// Ends a delivery that cannot be made of what is stored: a dead letter that says why, one sentence.
void bury(Tables& tables, DeliveryRow& row, const std::string& why, base::Timestamp now);

[[nodiscard]] bool has_ended(const std::vector<model::Attempt>& attempts, std::uint32_t number);
// What was tried, by number: the open attempt too.
[[nodiscard]] std::vector<model::Attempt> attempts_of(Tables& tables, const DeliveryRow& row);

// How a delivery came to be delivered, told by its state and its attempts; none: it is not.
[[nodiscard]] std::optional<model::Decision> told_delivered(Tables& tables, const DeliveryRow& row);

void add_decision(Tables& tables, const DeliveryRow& row, std::string_view what, std::string detail, base::Timestamp at);

// What is known of a notification without reading its text.
[[nodiscard]] model::Notification known_of(const NotificationRow& row);
// What is left of a notification whose text is erased: who it was for and what kind it was.
[[nodiscard]] model::Notification without_text(const model::Notification& notification);

// For e-mail addresses: they are compared without case.
[[nodiscard]] std::string ascii_lower(std::string text);

}  // namespace belfry::store::rules
