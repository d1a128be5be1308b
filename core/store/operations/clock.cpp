#include "store/operations/operations.hpp"
#include "store/operations/steps.hpp"

namespace belfry::store::operations {
namespace {

// A delivery follows the wall clock by whole days and keeps its hour: a clock eight days fast put the next morning eight days late.
base::Millis whole_days(base::Millis step) { return std::chrono::round<std::chrono::days>(step); }

}  // namespace

void apply_clock_step(DeliveryRow& row, base::Millis step, base::Timestamp now) {
  auto& delivery = row.delivery;
  const auto life = delivery.expires_at - delivery.due_at;
  const auto later = whole_days(step) - step;
  row.joins_at += later;
  delivery.due_at += later;
  delivery.expires_at = std::max(delivery.due_at, now) + life;
}

base::Result<std::size_t> save_clock(Tables& tables, const base::ClockCheckpoint& mark) {
  const auto before = tables.clock().mark;
  tables.save(mark);
  const auto step = mark.wall_offset - (before ? before->wall_offset : base::Millis(0));
  if (step.count() == 0) return 0;
  const auto held = tables.held_by_time_of_day(mark.time);
  for (const auto id : held) {
    auto row = tables.delivery(id);
    if (!row || !row->unreadable.empty()) continue;  // the next lease makes it a dead letter, with the reason
    apply_clock_step(*row, step, mark.time);
    tables.save(*row);
    tables.save_digest_expiry(id, row->delivery.expires_at);
    refresh(tables, row->queue, mark.time);
  }
  return held.size();
}

}  // namespace belfry::store::operations
