// Operator actions, and when each source was last heard from.
#include <algorithm>
#include <limits>

#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {

void SqliteTables::add(const OperatorAction& a) {
  sql("INSERT INTO operator_actions(at, action, by, reason, subject, deliveries) VALUES(?, ?, ?, ?, ?, ?)")
      .run(a.at, a.action, a.by, a.reason, a.subject, a.deliveries);
}

std::vector<OperatorAction> SqliteTables::actions(std::int64_t before, std::size_t limit) {
  std::vector<OperatorAction> found;
  auto rows = sql("SELECT id, at, action, by, reason, subject, deliveries FROM operator_actions WHERE id < ? ORDER BY id DESC LIMIT ?")
                  .query(before == 0 ? std::numeric_limits<std::int64_t>::max() : before, limit);
  while (rows.next()) {
    found.push_back({.id = rows.number(0),
                     .at = rows.time(1),
                     .action = rows.text(2),
                     .by = rows.text(3),
                     .reason = rows.text(4),
                     .subject = rows.text(5),
                     .deliveries = static_cast<std::uint64_t>(std::max<std::int64_t>(0, rows.number(6)))});
  }
  return found;
}

// Stops at the first that stays, because later ones are newer.
std::size_t SqliteTables::remove_actions(base::Timestamp recorded_before, std::size_t limit) {
  std::int64_t last = 0;
  {
    auto rows = sql("SELECT id, at FROM operator_actions ORDER BY id LIMIT ?").query(limit);
    while (rows.next() && rows.time(1) < recorded_before) last = rows.number(0);
  }
  return last == 0 ? 0 : sql("DELETE FROM operator_actions WHERE id <= ?").run(last);
}

std::optional<SourceHeard> SqliteTables::source(const std::string& name) {
  auto rows = sql("SELECT at, msg_id FROM sources WHERE name = ?").query(name);
  if (!rows.next()) return std::nullopt;
  return SourceHeard{.source = name, .at = rows.time(0), .msg_id = rows.text(1)};
}

void SqliteTables::save(const SourceHeard& source) {
  sql("INSERT OR REPLACE INTO sources(name, at, msg_id) VALUES(?, ?, ?)").run(source.source, source.at, source.msg_id);
}

std::vector<SourceHeard> SqliteTables::sources() {
  std::vector<SourceHeard> heard;
  auto rows = sql("SELECT name, at, msg_id FROM sources ORDER BY name").query();
  while (rows.next()) heard.push_back({.source = rows.text(0), .at = rows.time(1), .msg_id = rows.text(2)});
  return heard;
}

}  // namespace belfry::store::sqlite
