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
  return KvValue{.value = rows.text(0), .version = static_cast<std::uint64_t>(rows.number(1))};
}

std::size_t SqliteTables::kv_count(const std::string& scope) {
  auto rows = sql("SELECT count(*) FROM kv WHERE scope = ?").query(scope);
  return rows.next() ? static_cast<std::size_t>(rows.number(0)) : 0;
}

std::uint64_t SqliteTables::next_kv_version() {
  sql("UPDATE counters SET value = value + 1 WHERE name = 'kv_version'").run();
  auto rows = sql("SELECT value FROM counters WHERE name = 'kv_version'").query();
  if (!rows.next()) connection_.raise(SQLITE_CORRUPT);
  return static_cast<std::uint64_t>(rows.number(0));
}

void SqliteTables::save_kv(const std::string& scope, const std::string& key, const KvValue& value) {
  sql("INSERT OR REPLACE INTO kv(scope, key, value, version) VALUES(?, ?, ?, ?)").run(scope, Blob{key}, Blob{value.value}, value.version);
}

bool SqliteTables::erase_kv(const std::string& scope, const std::string& key) {
  return sql("DELETE FROM kv WHERE scope = ? AND key = ?").run(scope, Blob{key}) > 0;
}

void SqliteTables::touch() { sql("UPDATE counters SET value = value + 1 WHERE name = 'probes'").run(); }

}  // namespace belfry::store::sqlite
