// Reads one delivery. Never fails: if a damaged disk or another program has made the row invalid, `unreadable` has the reason.
#pragma once
#include "store/sqlite/connection.hpp"
#include "store/tables.hpp"

namespace belfry::store::sqlite {

// The query whose columns read_delivery() expects.
#define BELFRY_DELIVERY                                                                                                                    \
  "SELECT d.row, d.id, d.notification, d.queue, d.kind, d.sink, d.email, d.route, d.fallback, d.overrides, d.sensitive, "                  \
  "d.allow_sensitive, d.fallback_of, d.created_at, d.state, d.dead_letter, d.possible_duplicate, d.attempts, d.open_attempt, "             \
  "d.failures, d.leases, d.claim_until, d.joins_at, d.due_at, d.expires_at, d.finished_at, d.last_reason, d.last_detail, d.receipt, "      \
  "d.begun_at, n.id, q.destination, d.note, d.time_of_day, d.event FROM deliveries d LEFT JOIN notifications n ON n.row = d.notification " \
  "LEFT JOIN queues q ON q.row = d.queue "

[[nodiscard]] DeliveryRow read_delivery(const Rows& rows);

}  // namespace belfry::store::sqlite
