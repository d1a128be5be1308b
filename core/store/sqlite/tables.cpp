#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {

Statement& SqliteTables::sql(const char* literal) {
  const auto found = statements_.find(literal);
  if (found != statements_.end()) return found->second;
  return statements_.try_emplace(literal, connection_, literal).first->second;
}

std::optional<KvValue> SqliteTables::kv(const std::string& scope, const std::string& key) {
  auto rows = sql("SELECT value, version FROM kv WHERE scope = ? AND key = ?").query(scope, Blob{key});
  if (!rows.next()) return std::nullopt;
  return KvValue{.value = rows.bytes(0), .version = static_cast<std::uint64_t>(rows.number(1))};
}

std::size_t SqliteTables::kv_count(const std::string& scope) {
  if (const auto known = kv_counts_.find(scope); known != kv_counts_.end()) return known->second;
  auto rows = sql("SELECT count(*) FROM kv WHERE scope = ?").query(scope);
  return kv_counts_[scope] = rows.next() ? static_cast<std::size_t>(rows.number(0)) : 0;
}

std::uint64_t SqliteTables::next_kv_version() {
  if (sql("UPDATE counters SET value = value + 1 WHERE name = 'kv_version'").run() == 0) {
    // The counter is missing: restart it above every version in use.
    sql("INSERT INTO counters VALUES('kv_version', (SELECT ifnull(max(version), 0) + 1 FROM kv))").run();
  }
  auto rows = sql("SELECT value FROM counters WHERE name = 'kv_version'").query();
  if (!rows.next()) connection_.raise(SQLITE_CORRUPT);
  return static_cast<std::uint64_t>(rows.number(0));
}

void SqliteTables::save_kv(const std::string& scope, const std::string& key, const KvValue& value) {
  const auto changed =
      sql("UPDATE kv SET value = ?, version = ? WHERE scope = ? AND key = ?").run(Blob{value.value}, value.version, scope, Blob{key});
  if (changed > 0) return;
  sql("INSERT INTO kv(scope, key, value, version) VALUES(?, ?, ?, ?)").run(scope, Blob{key}, Blob{value.value}, value.version);
  if (const auto known = kv_counts_.find(scope); known != kv_counts_.end()) ++known->second;
}

bool SqliteTables::erase_kv(const std::string& scope, const std::string& key) {
  if (sql("DELETE FROM kv WHERE scope = ? AND key = ?").run(scope, Blob{key}) == 0) return false;
  if (const auto known = kv_counts_.find(scope); known != kv_counts_.end()) --known->second;
  return true;
}

void SqliteTables::touch() { sql("INSERT INTO counters VALUES('probes', 1) ON CONFLICT(name) DO UPDATE SET value = value + 1").run(); }

}  // namespace belfry::store::sqlite
