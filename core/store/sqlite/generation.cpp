#include "store/sqlite/generation.hpp"

namespace belfry::store::sqlite {

Generation read_generation(Connection& connection) {
  if (connection.number("SELECT count(*) FROM sqlite_master WHERE name = 'counters'") == 0) return {};
  return {.current = connection.number("SELECT value FROM counters WHERE name = 'generation'"),
          .before = connection.number("SELECT value FROM counters WHERE name = 'generation_before'")};
}

void begin_generation(Connection& connection) {
  connection.run(
      "INSERT OR REPLACE INTO counters(name, value) "
      "SELECT 'generation_before', ifnull((SELECT value FROM counters WHERE name = 'generation'), 0);"
      "INSERT OR REPLACE INTO counters(name, value) VALUES('generation', abs(random() / 2) + 1)");
}

}  // namespace belfry::store::sqlite
