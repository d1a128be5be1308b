#include <set>

#include "model/names.hpp"
#include "store/sqlite/delivery_reader.hpp"
#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {
namespace {

using model::to_string;

constexpr std::int64_t kExpiredSeen = 10'000;  // rows that one search for expired deliveries may read: many may belong to one queue

// Most deliveries have neither overrides nor a fallback: skip the JSON for them.
std::string encode(const nlohmann::json& overrides) { return overrides.empty() ? std::string() : overrides.dump(); }
std::string encode(const std::vector<std::string>& list) { return list.empty() ? std::string() : nlohmann::json(list).dump(); }
bool open(const model::Delivery& delivery) {
  return delivery.state == model::DeliveryState::waiting || delivery.state == model::DeliveryState::in_flight;
}

std::optional<base::Timestamp> finished_at(const model::Delivery& delivery) {
  return open(delivery) ? std::nullopt : std::optional(delivery.finished_at);
}

std::optional<DeliveryRow> first_delivery(Rows rows) {
  if (!rows.next()) return std::nullopt;
  return read_delivery(rows);
}

}  // namespace

RowId SqliteTables::add(const DeliveryRow& row) {
  const auto& d = row.delivery;
  sql("INSERT INTO deliveries(id, notification, queue, kind, sink, email, route, fallback, overrides, sensitive, allow_sensitive, "
      "fallback_of, created_at, state, dead_letter, possible_duplicate, attempts, open_attempt, begun_at, failures, leases, claim_until, "
      "joins_at, due_at, expires_at, note, time_of_day, event, last_reason, last_detail, receipt) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, 0, 0, 0, 0, 0, 0, ?, ?, ?, ?, ?, ?, '', '', '')")
      .run(d.id, row.notification, row.queue, to_string(d.kind), d.sink, row.email, d.route, encode(d.fallback), encode(d.overrides),
           d.sensitive, d.allow_sensitive, d.fallback_of, d.created_at, d.possible_duplicate, row.joins_at, d.due_at, d.expires_at, d.note,
           row.time_of_day, row.event);
  backlog_.added({.sink = d.sink, .queue = row.queue, .open = true, .joins_at = row.joins_at, .due_at = d.due_at});
  return last_row();
}

std::optional<DeliveryRow> SqliteTables::delivery(RowId row) { return first_delivery(sql(BELFRY_DELIVERY "WHERE d.row = ?").query(row)); }

std::optional<DeliveryRow> SqliteTables::delivery(const std::string& id) {
  return first_delivery(sql(BELFRY_DELIVERY "WHERE d.id = ?").query(id));
}

std::vector<DeliveryRow> SqliteTables::deliveries_of(RowId notification) {
  std::vector<DeliveryRow> found;
  auto rows = sql(BELFRY_DELIVERY
                  "WHERE d.row IN (SELECT row FROM deliveries WHERE notification = ?1 "
                  "UNION SELECT digest FROM digest_members WHERE notification = ?1) ORDER BY d.row")
                  .query(notification);
  while (rows.next()) found.push_back(read_delivery(rows));
  return found;
}

bool SqliteTables::has_delivery(RowId notification, RowId queue) {
  auto rows = sql("SELECT 1 FROM deliveries WHERE notification = ?1 AND queue = ?2 UNION ALL "
                  "SELECT 1 FROM digest_members m JOIN deliveries d ON d.row = m.digest WHERE m.notification = ?1 AND d.queue = ?2")
                  .query(notification, queue);
  return rows.next();
}

void SqliteTables::save_claim(const DeliveryRow& row) {
  const auto& d = row.delivery;
  const auto before = counted(row.row());
  auto after = before;
  after.open = open(d);
  after.in_flight = d.state == model::DeliveryState::in_flight;
  backlog_.changed(before, after);
  sql("UPDATE deliveries SET state = ?, leases = ?, claim_until = ?, attempts = ?, open_attempt = ?, begun_at = ?, "
      "possible_duplicate = ? WHERE row = ?")
      .run(to_string(d.state), row.leases, row.claim_until, d.attempts, row.open_attempt, row.begun_at, d.possible_duplicate, row.row());
}

void SqliteTables::save(const DeliveryRow& row) {
  const auto& d = row.delivery;
  const auto before = counted(row.row());
  backlog_.changed(before, {.sink = before.sink,
                            .queue = before.queue,
                            .open = open(d),
                            .in_flight = d.state == model::DeliveryState::in_flight,
                            .dead_letter = d.dead_letter,
                            .joins_at = row.joins_at,
                            .due_at = d.due_at});
  sql("UPDATE deliveries SET state = ?, dead_letter = ?, possible_duplicate = ?, attempts = ?, open_attempt = ?, begun_at = ?, failures = "
      "?, "
      "leases = ?, claim_until = ?, joins_at = ?, due_at = ?, expires_at = ?, finished_at = ?, last_reason = ?, last_detail = ?, receipt = "
      "? "
      "WHERE row = ?")
      .run(to_string(d.state), d.dead_letter, d.possible_duplicate, d.attempts, row.open_attempt, row.begun_at, d.failures, row.leases,
           row.claim_until, row.joins_at, d.due_at, d.expires_at, finished_at(d), d.last_reason, d.last_detail, d.receipt, row.row());
}

std::vector<RowId> SqliteTables::expired(const std::string& sink, base::Timestamp now, std::size_t limit) {
  std::vector<RowId> found;
  std::set<RowId> queues;
  auto rows = sql("SELECT d.row, d.queue, h.row IS NOT NULL FROM deliveries d LEFT JOIN queues q ON q.row = d.queue "
                  "LEFT JOIN deliveries h ON h.row = q.holder AND h.state = 'in_flight' AND h.claim_until > ?2 "
                  "WHERE d.finished_at IS NULL AND d.sink = ?1 AND d.expires_at <= ?2 ORDER BY d.expires_at, d.row LIMIT ?3")
                  .query(sink, now, kExpiredSeen);
  while (found.size() < limit && rows.next()) {
    if (!rows.flag(2) && queues.insert(rows.number(1)).second) found.push_back(rows.number(0));
  }
  return found;
}

std::optional<base::Timestamp> SqliteTables::next_expiry(const std::string& sink) {
  auto rows =
      sql("SELECT expires_at FROM deliveries WHERE finished_at IS NULL AND sink = ? AND state = 'waiting' ORDER BY expires_at LIMIT 1")
          .query(sink);
  if (!rows.next()) return std::nullopt;
  return rows.time(0);
}

}  // namespace belfry::store::sqlite
