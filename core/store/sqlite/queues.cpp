// Recipient queues, digests and windows.
#include <algorithm>

#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {
namespace {

#define BELFRY_QUEUE "SELECT row, sink, destination, ready_at, paused_until, deliveries, holder FROM queues "

QueueRow read_queue(const Rows& rows) {
  return {.row = rows.number(0),
          .sink = rows.text(1),
          .key = rows.text(2),
          .ready_at = rows.maybe_time(3),
          .paused_until = rows.time(4),
          .deliveries = rows.count(5),
          .holder = rows.number(6)};
}

const char* kind_name(WindowKind kind) { return kind == WindowKind::dedupe ? "dedupe" : "throttle"; }

}  // namespace

std::optional<QueueRow> SqliteTables::queue(const std::string& sink, const std::string& key) {
  auto rows = sql(BELFRY_QUEUE "WHERE sink = ? AND destination = ?").query(sink, key);
  if (!rows.next()) return std::nullopt;
  return read_queue(rows);
}

std::optional<QueueRow> SqliteTables::queue(RowId row) {
  auto rows = sql(BELFRY_QUEUE "WHERE row = ?").query(row);
  if (!rows.next()) return std::nullopt;
  return read_queue(rows);
}

RowId SqliteTables::add(const QueueRow& queue) {
  sql("INSERT INTO queues(sink, destination, ready_at, paused_until, deliveries) VALUES(?, ?, ?, ?, 0)")
      .run(queue.sink, queue.key, queue.ready_at, queue.paused_until);
  return last_row();
}

void SqliteTables::save(const QueueRow& queue) {
  sql("UPDATE queues SET ready_at = ?, deliveries = ?, holder = ? WHERE row = ?")
      .run(queue.ready_at, queue.deliveries, queue.holder, queue.row);
}

void SqliteTables::save_pause(const QueueRow& queue) {
  std::vector<CountedDelivery> waiting;
  {
    auto rows = sql("SELECT row FROM deliveries WHERE queue = ? AND finished_at IS NULL AND state <> 'in_flight'").query(queue.row);
    while (rows.next()) waiting.push_back(counted(rows.number(0)));
  }
  for (const auto& delivery : waiting) backlog_.removed(delivery);
  backlog_.paused(queue.row, queue.paused_until);
  for (const auto& delivery : waiting) backlog_.added(delivery);
  sql("UPDATE queues SET ready_at = ?, paused_until = ? WHERE row = ?").run(queue.ready_at, queue.paused_until, queue.row);
}

std::optional<base::Timestamp> SqliteTables::leased_until(RowId holder, base::Timestamp now) {
  if (holder == 0) return std::nullopt;
  auto rows = sql("SELECT claim_until FROM deliveries WHERE row = ? AND state = 'in_flight' AND claim_until > ?").query(holder, now);
  return rows.next() ? rows.maybe_time(0) : std::nullopt;
}

QueueFront SqliteTables::front(const QueueRow& queue, base::Timestamp now) {
  QueueFront front{.leased_until = leased_until(queue.holder, now)};
  auto rows = sql("SELECT row, joins_at, due_at, state = 'in_flight', claim_until FROM deliveries "
                  "WHERE queue = ? AND finished_at IS NULL ORDER BY row")
                  .query(queue.row);
  while (rows.next()) {
    const auto joins_at = rows.time(1);
    if (joins_at <= now) {
      front.head = {.delivery = rows.number(0), .due_at = rows.time(2)};
      if (rows.flag(3)) front.head->claim_until = rows.time(4);
      break;
    }
    front.next_joins = std::min(front.next_joins.value_or(joins_at), joins_at);
  }
  return front;
}

std::vector<QueueRow> SqliteTables::ready_queues(const std::string& sink, base::Timestamp now, std::size_t limit) {
  std::vector<QueueRow> queues;
  auto rows = sql(BELFRY_QUEUE "WHERE sink = ? AND ready_at <= ? ORDER BY ready_at, row LIMIT ?").query(sink, now, limit);
  while (rows.next()) queues.push_back(read_queue(rows));
  return queues;
}

std::optional<base::Timestamp> SqliteTables::next_ready(const std::string& sink) {
  auto rows = sql("SELECT ready_at FROM queues WHERE sink = ? AND ready_at IS NOT NULL ORDER BY ready_at LIMIT 1").query(sink);
  if (!rows.next()) return std::nullopt;
  return rows.time(0);
}

std::size_t SqliteTables::end_backoff(const std::string& sink, base::Timestamp now) {
  {
    auto rows = sql("SELECT row FROM deliveries "
                    "WHERE finished_at IS NULL AND sink = ?1 AND state = 'waiting' AND due_at > ?2 AND joins_at <= ?2")
                    .query(sink, now);
    while (rows.next()) {
      const auto before = counted(rows.number(0));
      auto after = before;
      after.due_at = now;
      backlog_.changed(before, after);
    }
  }
  const auto queues = sql("UPDATE queues SET ready_at = max(paused_until, ?2) WHERE row IN (SELECT queue FROM deliveries "
                          "WHERE finished_at IS NULL AND sink = ?1 AND state = 'waiting' AND due_at > ?2 AND joins_at <= ?2)")
                          .run(sink, now);
  sql("UPDATE deliveries SET due_at = ?2 "
      "WHERE finished_at IS NULL AND sink = ?1 AND state = 'waiting' AND due_at > ?2 AND joins_at <= ?2")
      .run(sink, now);
  return queues;
}

void SqliteTables::remove_unused_queue(RowId queue, base::Timestamp before) {
  const auto removed = sql("DELETE FROM queues WHERE row = ?1 AND paused_until <= ?2 AND deliveries = 0 "
                           "AND NOT EXISTS (SELECT 1 FROM windows WHERE queue = ?1) "
                           "AND NOT EXISTS (SELECT 1 FROM deliveries WHERE queue = ?1 AND finished_at IS NULL)")
                           .run(queue, before);
  if (removed > 0) backlog_.paused(queue, {});
}

std::optional<OpenDigest> SqliteTables::open_digest(RowId queue, const std::string& key) {
  auto rows = sql("SELECT delivery, members, bytes, expires_at FROM open_digests WHERE queue = ? AND key = ?").query(queue, key);
  if (!rows.next()) return std::nullopt;
  return OpenDigest{.delivery = rows.number(0),
                    .members = rows.count(1),
                    .bytes = static_cast<std::size_t>(std::max<std::int64_t>(0, rows.number(2))),
                    .expires_at = rows.time(3)};
}

void SqliteTables::save_open_digest(RowId queue, const std::string& key, const OpenDigest& digest) {
  sql("INSERT OR REPLACE INTO open_digests(queue, key, delivery, members, bytes, expires_at) VALUES(?, ?, ?, ?, ?, ?)")
      .run(queue, key, digest.delivery, digest.members, std::uint64_t{digest.bytes}, digest.expires_at);
}

void SqliteTables::close_digest(RowId queue, RowId delivery) {
  sql("DELETE FROM open_digests WHERE queue = ? AND delivery = ?").run(queue, delivery);
}

void SqliteTables::add_member(RowId digest, RowId notification) {
  sql("INSERT INTO digest_members(digest, notification) VALUES(?, ?)").run(digest, notification);
}

void SqliteTables::move_member(RowId digest, RowId notification, RowId to) {
  sql("UPDATE digest_members SET digest = ? WHERE digest = ? AND notification = ?").run(to, digest, notification);
}

std::vector<RowId> SqliteTables::members(RowId digest) {
  std::vector<RowId> members;
  auto rows = sql("SELECT notification FROM digest_members WHERE digest = ? ORDER BY notification").query(digest);
  while (rows.next()) members.push_back(rows.number(0));
  return members;
}

std::optional<Window> SqliteTables::window(const WindowKey& key) {
  auto rows = sql("SELECT ends_at, uses, first FROM windows WHERE queue = ? AND kind = ? AND key = ?")
                  .query(key.queue, kind_name(key.kind), key.key);
  if (!rows.next()) return std::nullopt;
  return Window{.ends_at = rows.time(0), .count = rows.count(1), .first = rows.text(2)};
}

void SqliteTables::save(const WindowKey& key, const Window& window) {
  sql("INSERT OR REPLACE INTO windows(queue, kind, key, ends_at, uses, first) VALUES(?, ?, ?, ?, ?, ?)")
      .run(key.queue, kind_name(key.kind), key.key, window.ends_at, window.count, window.first);
}

std::size_t SqliteTables::remove_windows(base::Timestamp ended_before, std::size_t limit) {
  std::vector<WindowKey> over;
  {
    auto rows = sql("SELECT queue, kind, key FROM windows WHERE ends_at < ? ORDER BY ends_at LIMIT ?").query(ended_before, limit);
    while (rows.next()) {
      over.push_back({.queue = rows.number(0),
                      .kind = rows.text(1) == kind_name(WindowKind::dedupe) ? WindowKind::dedupe : WindowKind::throttle,
                      .key = rows.text(2)});
    }
  }
  for (const auto& key : over) {
    sql("DELETE FROM windows WHERE queue = ? AND kind = ? AND key = ?").run(key.queue, kind_name(key.kind), key.key);
    remove_unused_queue(key.queue, ended_before);
  }
  return over.size();
}

}  // namespace belfry::store::sqlite
