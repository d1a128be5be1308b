#include "model/names.hpp"
#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {
namespace {

using model::to_string;

#define BELFRY_DELIVERY                                                                                                                \
  "SELECT d.row, d.id, d.notification, d.queue, d.kind, d.sink, d.email, d.route, d.fallback, d.overrides, d.sensitive, "              \
  "d.allow_sensitive, d.fallback_of, d.created_at, d.state, d.dead_letter, d.possible_duplicate, d.attempts, d.open_attempt, "         \
  "d.failures, d.leases, d.claim_until, d.joins_at, d.due_at, d.expires_at, d.finished_at, d.last_reason, d.last_detail, d.receipt, "  \
  "d.begun_at, n.id, q.destination, d.note FROM deliveries d JOIN notifications n ON n.row = d.notification JOIN queues q ON q.row = " \
  "d.queue "

// Most deliveries have neither overrides nor a fallback: no JSON for them.
std::string encode(const nlohmann::json& overrides) { return overrides.empty() ? std::string() : overrides.dump(); }
nlohmann::json decode_object(const std::string& text) { return text.empty() ? nlohmann::json::object() : nlohmann::json::parse(text); }
std::string encode(const std::vector<std::string>& list) { return list.empty() ? std::string() : nlohmann::json(list).dump(); }
std::vector<std::string> decode_list(const std::string& text) {
  return text.empty() ? std::vector<std::string>{} : nlohmann::json::parse(text).get<std::vector<std::string>>();
}

model::Destination destination_of(const std::string& key) {
  const auto colon = key.find(':');
  return {.audience = model::from_string<model::Audience>(key.substr(0, colon)).value_or(model::Audience::direct),
          .address = key.substr(colon + 1)};
}

std::optional<base::Timestamp> finished_at(const model::Delivery& delivery) {
  const bool open = delivery.state == model::DeliveryState::waiting || delivery.state == model::DeliveryState::in_flight;
  return open ? std::nullopt : std::optional(delivery.finished_at);
}

DeliveryRow read_delivery(const Rows& rows) {
  DeliveryRow row;
  auto& d = row.delivery;
  d.sequence = static_cast<std::uint64_t>(rows.number(0));
  d.id = rows.text(1);
  row.notification = rows.number(2);
  row.queue = rows.number(3);
  d.kind = model::from_string<model::DeliveryKind>(rows.text(4)).value_or(model::DeliveryKind::notification);
  d.sink = rows.text(5);
  row.email = rows.text(6);
  d.route = rows.text(7);
  d.fallback = decode_list(rows.text(8));
  d.overrides = decode_object(rows.text(9));
  d.sensitive = rows.flag(10);
  d.allow_sensitive = rows.flag(11);
  d.fallback_of = rows.text(12);
  d.created_at = rows.time(13);
  d.state = model::from_string<model::DeliveryState>(rows.text(14)).value_or(model::DeliveryState::waiting);
  d.dead_letter = rows.flag(15);
  d.possible_duplicate = rows.flag(16);
  d.attempts = rows.count(17);
  row.open_attempt = rows.count(18);
  d.failures = rows.count(19);
  row.leases = rows.count(20);
  row.claim_until = rows.time(21);
  row.joins_at = rows.time(22);
  d.due_at = rows.time(23);
  d.expires_at = rows.time(24);
  d.finished_at = rows.time(25);
  d.last_reason = rows.text(26);
  d.last_detail = rows.text(27);
  d.receipt = rows.text(28);
  row.begun_at = rows.time(29);
  d.notification_id = rows.text(30);
  d.destination = destination_of(rows.text(31));
  d.note = rows.text(32);
  return row;
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
      "joins_at, due_at, expires_at, note, last_reason, last_detail, receipt) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, 0, 0, 0, 0, 0, 0, ?, ?, ?, ?, '', '', '')")
      .run(d.id, row.notification, row.queue, to_string(d.kind), d.sink, row.email, d.route, encode(d.fallback), encode(d.overrides),
           d.sensitive, d.allow_sensitive, d.fallback_of, d.created_at, d.possible_duplicate, row.joins_at, d.due_at, d.expires_at, d.note);
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
  sql("UPDATE deliveries SET state = ?, leases = ?, claim_until = ?, attempts = ?, open_attempt = ?, begun_at = ?, "
      "possible_duplicate = ? WHERE row = ?")
      .run(to_string(d.state), row.leases, row.claim_until, d.attempts, row.open_attempt, row.begun_at, d.possible_duplicate, row.row());
}

void SqliteTables::save(const DeliveryRow& row) {
  const auto& d = row.delivery;
  sql("UPDATE deliveries SET state = ?, dead_letter = ?, possible_duplicate = ?, attempts = ?, open_attempt = ?, begun_at = ?, failures = "
      "?, "
      "leases = ?, claim_until = ?, joins_at = ?, due_at = ?, expires_at = ?, finished_at = ?, last_reason = ?, last_detail = ?, receipt = "
      "? "
      "WHERE row = ?")
      .run(to_string(d.state), d.dead_letter, d.possible_duplicate, d.attempts, row.open_attempt, row.begun_at, d.failures, row.leases,
           row.claim_until, row.joins_at, d.due_at, d.expires_at, finished_at(d), d.last_reason, d.last_detail, d.receipt, row.row());
}

std::vector<RowId> SqliteTables::expired(const std::string& sink, base::Timestamp now, std::size_t most) {
  std::vector<RowId> found;
  auto rows = sql("SELECT row FROM deliveries WHERE finished_at IS NULL AND sink = ?1 AND expires_at <= ?2 "
                  "AND (state = 'waiting' OR claim_until <= ?2) ORDER BY expires_at, row LIMIT ?3")
                  .query(sink, now, most);
  while (rows.next()) found.push_back(rows.number(0));
  return found;
}

std::optional<base::Timestamp> SqliteTables::next_expiry(const std::string& sink) {
  auto rows =
      sql("SELECT expires_at FROM deliveries WHERE finished_at IS NULL AND sink = ? AND state = 'waiting' ORDER BY expires_at LIMIT 1")
          .query(sink);
  if (!rows.next()) return std::nullopt;
  return rows.time(0);
}

std::vector<model::Delivery> SqliteTables::find(const Filter& filter) {
  std::string where = "WHERE 1";
  if (filter.state) where += " AND d.state = ?1";
  if (filter.dead_letter) where += *filter.dead_letter ? " AND d.dead_letter = 1" : " AND d.dead_letter = 0";
  if (!filter.sink.empty()) where += " AND d.sink = ?2";
  if (!filter.email.empty()) where += " AND d.email = ?3";
  if (filter.since) where += " AND d.created_at >= ?4";
  const std::string text = BELFRY_DELIVERY + where + " ORDER BY d.row DESC LIMIT ?5";
  Statement statement(connection_, text.c_str());
  auto rows = statement.query(filter.state ? to_string(*filter.state) : std::string_view(), filter.sink, filter.email,
                              filter.since.value_or(base::Timestamp{}), filter.most);
  std::vector<model::Delivery> found;
  while (rows.next()) found.push_back(read_delivery(rows).delivery);
  return found;
}

Stats SqliteTables::stats(base::Timestamp now) {
  Stats stats;
  auto open = sql("SELECT sink, sum(state = 'in_flight'), sum(due_at > ?1 AND state = 'waiting' AND due_at <> joins_at), "
                  "sum(due_at > ?1 AND state = 'waiting' AND due_at = joins_at), count(*), min(created_at) "
                  "FROM deliveries WHERE finished_at IS NULL GROUP BY sink")
                  .query(now);
  const auto number = [](const Rows& rows, int column) { return static_cast<std::uint64_t>(rows.number(column)); };
  while (open.next()) {
    auto& sink = stats.sinks[open.text(0)];
    sink = {.in_flight = number(open, 1), .backoff = number(open, 2), .held = number(open, 3), .oldest = open.time(5)};
    sink.waiting = number(open, 4) - sink.in_flight - sink.backoff - sink.held;
  }
  auto paused = sql("SELECT q.sink, count(*) FROM queues q JOIN deliveries d ON d.queue = q.row AND d.finished_at IS NULL "
                    "WHERE q.paused_until > 0 AND q.paused_until > ?1 AND d.state = 'waiting' AND d.due_at <= ?1 GROUP BY q.sink")
                    .query(now);
  while (paused.next()) {
    auto& sink = stats.sinks[paused.text(0)];
    sink.waiting -= number(paused, 1);
    sink.held += number(paused, 1);
  }
  auto dead = sql("SELECT sink, count(*) FROM deliveries WHERE dead_letter = 1 GROUP BY sink").query();
  while (dead.next()) stats.sinks[dead.text(0)].dead_letters = number(dead, 1);
  auto unrouted = sql("SELECT count(*) FROM notifications WHERE unrouted = 1").query();
  if (unrouted.next()) stats.unrouted = number(unrouted, 0);
  return stats;
}

}  // namespace belfry::store::sqlite
