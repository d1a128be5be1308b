#include "store/rules/rules.hpp"
#include "store/rules/steps.hpp"

namespace belfry::store::rules {
namespace {

// The day follows the wall clock, the hour stays: one that was eight days fast put the next morning eight days too late.
base::Millis whole_days(base::Millis step) { return std::chrono::round<std::chrono::days>(step); }

}  // namespace

void follow_wall_clock(DeliveryRow& row, base::Millis step, base::Timestamp now) {
  auto& delivery = row.delivery;
  const auto life = delivery.expires_at - delivery.due_at;
  const auto later = whole_days(step) - step;
  row.joins_at += later;
  delivery.due_at += later;
  delivery.expires_at = std::max(delivery.due_at, now) + life;
}

base::Result<std::size_t> keep_clock(Tables& tables, const base::ClockMark& mark) {
  const auto before = tables.clock().mark;
  tables.save(mark);
  const auto step = mark.wall_ahead - (before ? before->wall_ahead : base::Millis(0));
  if (step.count() == 0) return 0;
  const auto held = tables.held_by_time_of_day(mark.time);
  for (const auto id : held) {
    auto row = tables.delivery(id);
    if (!row || !row->unreadable.empty()) continue;  // the next lease buries it, with the reason that its row gives
    follow_wall_clock(*row, step, mark.time);
    tables.save(*row);
    tables.save_digest_expiry(id, row->delivery.expires_at);
    refresh(tables, row->queue, mark.time);
  }
  return held.size();
}

}  // namespace belfry::store::rules
