// Notifications, attempts and decisions.
#include "model/codec.hpp"
#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {
namespace {

#define BELFRY_NOTIFICATION \
  "SELECT row, id, source, msg_id, received_at, sensitive, erased, unrouted, unfinished, ended_at, email, event FROM notifications "

std::optional<NotificationRow> read_notification(Rows rows) {
  if (!rows.next()) return std::nullopt;
  return NotificationRow{.row = rows.number(0),
                         .id = rows.text(1),
                         .source = rows.text(2),
                         .msg_id = rows.text(3),
                         .received_at = rows.time(4),
                         .sensitive = rows.flag_or(5, true),
                         .erased = rows.flag(6),
                         .unrouted = rows.flag(7),
                         .unfinished = rows.count(8),
                         .ended_at = rows.time(9),
                         .email = rows.text(10),
                         .event = rows.text(11)};
}

}  // namespace

std::optional<std::string> SqliteTables::find_id(const std::string& source, const std::string& msg_id) {
  auto rows = sql("SELECT id FROM notifications WHERE source = ? AND msg_id = ?").query(source, msg_id);
  if (!rows.next()) return std::nullopt;
  return rows.text(0);
}

RowId SqliteTables::add(const NotificationRow& n, const std::string& text) {
  sql("INSERT INTO notifications(id, source, msg_id, received_at, sensitive, erased, unrouted, unfinished, ended_at, email, event) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(n.id, n.source, n.msg_id, n.received_at, n.sensitive, n.erased, n.unrouted, n.unfinished, n.ended_at, n.email, n.event);
  const auto row = last_row();
  sql("INSERT INTO texts(notification, text) VALUES(?, ?)").run(row, text);
  if (n.unrouted) backlog_.unrouted(1);
  return row;
}

std::optional<NotificationRow> SqliteTables::notification(RowId row) {
  return read_notification(sql(BELFRY_NOTIFICATION "WHERE row = ?").query(row));
}

std::optional<NotificationRow> SqliteTables::notification(const std::string& id) {
  return read_notification(sql(BELFRY_NOTIFICATION "WHERE id = ?").query(id));
}

std::string SqliteTables::text(RowId notification) {
  auto rows = sql("SELECT text FROM texts WHERE notification = ?").query(notification);
  return rows.next() ? rows.bytes(0) : std::string();
}

std::size_t SqliteTables::text_bytes(RowId notification) {
  auto rows = sql("SELECT length(CAST(text AS BLOB)) FROM texts WHERE notification = ?").query(notification);
  return rows.next() ? static_cast<std::size_t>(rows.number(0)) : 0;
}

void SqliteTables::save(const NotificationRow& n) {
  sql("UPDATE notifications SET erased = ?, unfinished = ?, ended_at = ? WHERE row = ?").run(n.erased, n.unfinished, n.ended_at, n.row);
}

void SqliteTables::save_routed(const NotificationRow& n, const std::string& text) {
  if (sql("UPDATE notifications SET unrouted = 0 WHERE row = ? AND unrouted = 1").run(n.row) > 0) backlog_.unrouted(-1);
  sql("UPDATE notifications SET sensitive = ?, unrouted = ?, unfinished = ? WHERE row = ?")
      .run(n.sensitive, n.unrouted, n.unfinished, n.row);
  if (n.unrouted) backlog_.unrouted(1);
  sql("UPDATE texts SET text = ? WHERE notification = ?").run(text, n.row);
}

void SqliteTables::erase_text(RowId notification, const std::string& rest) {
  sql("UPDATE texts SET text = ? WHERE notification = ?").run(rest, notification);
  erased_ = true;
}

NotificationPage SqliteTables::list_notifications(base::Timestamp since, RowId from, std::size_t limit) {
  NotificationPage out;
  auto rows = sql("SELECT n.row, n.sensitive, t.text FROM notifications n JOIN texts t ON t.notification = n.row "
                  "WHERE n.row >= ? AND n.received_at >= ? ORDER BY n.row LIMIT ?")
                  .query(from, since, limit + 1);
  std::size_t bytes = 0;
  for (std::size_t seen = 0; rows.next(); ++seen) {
    if (seen == limit || bytes >= NotificationPage::kPageBytes) {
      out.next = rows.number(0);
      break;
    }
    if (rows.flag(1)) {
      ++out.sensitive;
    } else {
      out.notifications.push_back(rows.bytes(2));
      bytes += out.notifications.back().size();
    }
  }
  return out;
}

std::vector<std::string> SqliteTables::find_ids(const std::string& msg_id) {
  std::vector<std::string> ids;
  // By way of the sources, which are few: the index begins with them.
  auto rows = sql("WITH RECURSIVE sources(name) AS (SELECT min(source) FROM notifications UNION ALL "
                  "SELECT (SELECT min(source) FROM notifications WHERE source > name) FROM sources WHERE name IS NOT NULL) "
                  "SELECT n.id FROM sources CROSS JOIN notifications n WHERE n.source = name AND n.msg_id = ? ORDER BY n.row DESC")
                  .query(msg_id);
  while (rows.next()) ids.push_back(rows.text(0));
  return ids;
}

std::optional<base::Timestamp> SqliteTables::oldest_received() {
  auto rows = sql("SELECT received_at FROM notifications ORDER BY row LIMIT 1").query();
  if (!rows.next()) return std::nullopt;
  return rows.time(0);
}

std::vector<RowId> SqliteTables::ended_before(base::Timestamp before, std::size_t limit) {
  std::vector<RowId> ended;
  // The index uses the counter; the subqueries keep an unfinished delivery even if the counter is wrong.
  auto rows = sql("SELECT row FROM notifications n WHERE unfinished = 0 AND ended_at < ? "
                  "AND NOT EXISTS (SELECT 1 FROM deliveries WHERE notification = n.row AND finished_at IS NULL) "
                  "AND NOT EXISTS (SELECT 1 FROM digest_members m JOIN deliveries d ON d.row = m.digest "
                  "WHERE m.notification = n.row AND d.finished_at IS NULL) ORDER BY ended_at LIMIT ?")
                  .query(before, limit);
  while (rows.next()) ended.push_back(rows.number(0));
  return ended;
}

void SqliteTables::remove(RowId notification, base::Timestamp before) {
  std::vector<std::pair<RowId, RowId>> deliveries;
  {
    auto rows = sql("SELECT row, queue FROM deliveries WHERE notification = ?").query(notification);
    while (rows.next()) deliveries.emplace_back(rows.number(0), rows.number(1));
  }
  for (const auto& [delivery, queue] : deliveries) {
    backlog_.removed(counted(delivery));
    sql("DELETE FROM attempts WHERE delivery = ?").run(delivery);
    sql("DELETE FROM digest_members WHERE digest = ?").run(delivery);
    sql("DELETE FROM deliveries WHERE row = ?").run(delivery);
    sql("UPDATE queues SET deliveries = deliveries - 1 WHERE row = ?").run(queue);
    remove_unused_queue(queue, before);
  }
  sql("DELETE FROM digest_members WHERE notification = ?").run(notification);
  sql("DELETE FROM decisions WHERE notification = ?").run(notification);
  sql("DELETE FROM texts WHERE notification = ?").run(notification);
  if (sql("DELETE FROM notifications WHERE row = ? AND unrouted = 1").run(notification) > 0) backlog_.unrouted(-1);
  sql("DELETE FROM notifications WHERE row = ?").run(notification);
}

void SqliteTables::save(RowId delivery, const AttemptRow& a) {
  sql("INSERT OR REPLACE INTO attempts(delivery, number, started_at, finished_at, outcome, late) VALUES(?, ?, ?, ?, ?, ?)")
      .run(delivery, a.number, a.started_at, a.finished_at, a.outcome, a.late);
}

std::vector<model::Attempt> SqliteTables::attempts(const DeliveryRow& delivery) {
  std::vector<model::Attempt> attempts;
  auto rows =
      sql("SELECT number, started_at, finished_at, outcome, late FROM attempts WHERE delivery = ? ORDER BY number").query(delivery.row());
  while (rows.next()) {
    model::Attempt attempt{.delivery_id = delivery.delivery.id,
                           .number = rows.count(0),
                           .started_at = rows.time(1),
                           .finished_at = rows.maybe_time(2),
                           .late = rows.flag(4)};
    if (auto outcome = model::decode_outcome(rows.text(3)); attempt.finished_at && outcome) attempt.outcome = std::move(*outcome);
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

void SqliteTables::add_decision(RowId notification, const model::Decision& d) {
  sql("INSERT INTO decisions(notification, number, at, delivery, what, detail) "
      "VALUES(?1, (SELECT ifnull(max(number), 0) + 1 FROM decisions WHERE notification = ?1), ?2, ?3, ?4, ?5)")
      .run(notification, d.at, d.delivery_id, d.event, d.detail);
}

std::vector<model::Decision> SqliteTables::decisions(const NotificationRow& notification) {
  std::vector<model::Decision> decisions;
  auto rows = sql("SELECT at, delivery, what, detail FROM decisions WHERE notification = ? ORDER BY number").query(notification.row);
  while (rows.next()) {
    decisions.push_back({.at = rows.time(0),
                         .notification_id = notification.id,
                         .delivery_id = rows.text(1),
                         .event = rows.text(2),
                         .detail = rows.text(3)});
  }
  return decisions;
}

}  // namespace belfry::store::sqlite
