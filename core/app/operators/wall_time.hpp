// Converts what the store returns to the wall clock, which people read; `ahead`: the wall clock minus the gateway's.
// Thread rule: pure.
#pragma once
#include "store/store.hpp"

namespace belfry::app {

inline void shift_to_wall(model::Delivery& delivery, base::Millis ahead) {
  for (auto* time : {&delivery.created_at, &delivery.due_at, &delivery.expires_at}) *time += ahead;
  if (delivery.finished_at != base::Timestamp{}) delivery.finished_at += ahead;
}

inline void shift_to_wall(model::Attempt& attempt, base::Millis ahead) {
  attempt.started_at += ahead;
  if (attempt.finished_at) *attempt.finished_at += ahead;
}

inline void shift_to_wall(store::History& history, base::Millis ahead) {
  history.notification.received_at += ahead;
  for (auto& delivery : history.deliveries) shift_to_wall(delivery, ahead);
  for (auto& attempt : history.attempts) shift_to_wall(attempt, ahead);
  for (auto& decision : history.decisions) decision.at += ahead;
}

}  // namespace belfry::app
