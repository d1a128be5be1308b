// Storage of the gateway clock, and the deliveries that follow the wall clock.
#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {

StoredClock SqliteTables::clock() {
  StoredClock kept;
  if (auto rows = sql("SELECT boot_id, since_boot, time, wall_ahead FROM clock").query(); rows.next()) {
    kept.mark = {.boot_id = rows.text(0),
                 .since_boot = base::Millis(rows.number(1)),
                 .time = rows.time(2),
                 .wall_offset = base::Millis(rows.number(3))};
  }
  if (auto rows = sql("SELECT received_at FROM notifications ORDER BY row DESC LIMIT 1").query(); rows.next()) kept.newest = rows.time(0);
  return kept;
}

void SqliteTables::save(const base::ClockCheckpoint& mark) {
  sql("INSERT OR REPLACE INTO clock(row, boot_id, since_boot, time, wall_ahead) VALUES(1, ?, ?, ?, ?)")
      .run(mark.boot_id, mark.since_boot.count(), mark.time, mark.wall_offset.count());
}

std::vector<RowId> SqliteTables::held_by_time_of_day(base::Timestamp now) {
  std::vector<RowId> held;
  auto rows =
      sql("SELECT row FROM deliveries WHERE finished_at IS NULL AND state = 'waiting' AND time_of_day = 1 AND joins_at > ?").query(now);
  while (rows.next()) held.push_back(rows.number(0));
  return held;
}

std::size_t SqliteTables::age(base::Timestamp created_before, base::Millis passed) {
  recount_ = true;
  sql("UPDATE open_digests SET expires_at = expires_at - ?2 "
      "WHERE delivery IN (SELECT row FROM deliveries WHERE finished_at IS NULL AND created_at < ?1)")
      .run(created_before, passed.count());
  sql("UPDATE queues SET ready_at = paused_until "
      "WHERE row IN (SELECT queue FROM deliveries WHERE finished_at IS NULL AND created_at < ?)")
      .run(created_before);
  return sql("UPDATE deliveries SET joins_at = joins_at - ?2, due_at = due_at - ?2, expires_at = expires_at - ?2 "
             "WHERE finished_at IS NULL AND created_at < ?1")
      .run(created_before, passed.count());
}

void SqliteTables::save_digest_expiry(RowId delivery, base::Timestamp expires_at) {
  sql("UPDATE open_digests SET expires_at = ? WHERE delivery = ?").run(expires_at, delivery);
}

}  // namespace belfry::store::sqlite
