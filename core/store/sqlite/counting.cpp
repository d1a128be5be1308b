// Reads the counts of the backlog from the tables.
#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {
namespace {

constexpr std::size_t kNotedAtOnce = 1'000;

#define BELFRY_COUNTED "SELECT sink, queue, finished_at IS NULL, state = 'in_flight', dead_letter = 1, joins_at, due_at FROM deliveries "

CountedDelivery read_counted(const Rows& rows) {
  const bool open = rows.flag(2);
  return {.sink = rows.text(0),
          .queue = rows.number(1),
          .open = open,
          .in_flight = open && rows.flag(3),
          .dead_letter = rows.flag(4),
          .joins_at = rows.time(5),
          .due_at = rows.time(6)};
}

}  // namespace

CountedDelivery SqliteTables::counted(RowId delivery) {
  auto rows = sql(BELFRY_COUNTED "WHERE row = ?").query(delivery);
  return rows.next() ? read_counted(rows) : CountedDelivery{};
}

void SqliteTables::recount() {
  Backlog fresh;
  std::size_t noted = 0;
  const auto settle = [&](bool all) {
    if (all || ++noted % kNotedAtOnce == 0) static_cast<void>(fresh.commit());
  };
  auto paused = sql("SELECT row, paused_until FROM queues WHERE paused_until > 0").query();
  while (paused.next()) fresh.paused(paused.number(0), paused.time(1));
  settle(true);
  // Indexes cover the first query, and lead to the rows of the second.
  auto open =
      sql("SELECT sink, queue, 1, row IN (SELECT row FROM deliveries INDEXED BY deliveries_in_flight WHERE state = 'in_flight'), 0, "
          "joins_at, due_at FROM deliveries INDEXED BY deliveries_open WHERE finished_at IS NULL")
          .query();
  for (; open.next(); settle(false)) fresh.added(read_counted(open));
  auto dead = sql("SELECT sink, 0, 0, 0, 1, 0, 0 FROM deliveries WHERE dead_letter = 1").query();
  for (; dead.next(); settle(false)) fresh.added(read_counted(dead));
  auto unrouted = sql("SELECT count(*) FROM notifications WHERE unrouted = 1").query();
  if (unrouted.next()) fresh.unrouted(unrouted.number(0));
  settle(true);
  backlog_.replace(std::move(fresh));
}

}  // namespace belfry::store::sqlite
