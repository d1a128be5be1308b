// Repairs the tables of an earlier process when a session starts.
#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {
namespace {

constexpr auto kLongSleep = std::chrono::hours(25);          // longer than quiet hours and daily digests
constexpr auto kLongestPause = std::chrono::hours(24 * 30);  // of a queue; a longer one is invalid

}  // namespace

void SqliteTables::end_leases() {
  sql("UPDATE queues SET ready_at = paused_until WHERE row IN (SELECT queue FROM deliveries "
      "WHERE finished_at IS NULL AND state = 'in_flight')")
      .run();
  sql("UPDATE deliveries SET state = 'waiting', claim_until = 0 WHERE finished_at IS NULL AND state = 'in_flight'").run();
}

void SqliteTables::repair_queues(base::Timestamp now) {
  sql("UPDATE queues SET paused_until = 0 WHERE typeof(paused_until) <> 'integer' OR paused_until > ?").run(now + kLongestPause);
  sql("UPDATE queues SET deliveries = (SELECT count(*) FROM deliveries d WHERE d.queue = queues.row) WHERE typeof(deliveries) <> 'integer'")
      .run();
  // 0 is a valid lower bound of ready_at.
  sql("UPDATE queues SET ready_at = 0 WHERE typeof(ready_at) NOT IN ('integer', 'null') OR ready_at < 0 OR (ready_at IS NULL "
      "AND EXISTS (SELECT 1 FROM deliveries d WHERE d.queue = queues.row AND d.finished_at IS NULL))")
      .run();
}

// paused_until is a lower bound of ready_at; the next lease computes the exact value.
void SqliteTables::recheck_distant_queues(base::Timestamp now) {
  sql("UPDATE queues SET ready_at = paused_until WHERE ready_at > ? AND ready_at <> paused_until").run(now + kLongSleep);
}

std::vector<RowId> SqliteTables::unreachable_deliveries() {
  std::vector<RowId> found;
  auto lost = sql("SELECT d.row FROM deliveries d LEFT JOIN queues q ON q.row = d.queue "
                  "WHERE d.finished_at IS NULL AND (q.row IS NULL OR q.sink <> d.sink)")
                  .query();
  while (lost.next()) found.push_back(lost.number(0));
  // Another index would be read from end to end.
  auto contradictory = sql("SELECT row FROM deliveries INDEXED BY deliveries_contradictory "
                           "WHERE finished_at IS NOT NULL AND state IN ('waiting', 'in_flight')")
                           .query();
  while (contradictory.next()) found.push_back(contradictory.number(0));
  return found;
}

}  // namespace belfry::store::sqlite
