// Matches write-ahead logs to database files. SQLite replays any log that is next to a file, even one that belongs to another file: a stale
// log would silently be mixed into a restored backup. Therefore every log begins by writing a random number of its own and the number of
// the log before it into a row, which reaches the database file when the log is moved there.
#pragma once
#include "store/sqlite/connection.hpp"

namespace belfry::store::sqlite {

struct Generation {
  std::int64_t current = 0;  // 0: written by a version without generations
  std::int64_t before = 0;

  bool operator==(const Generation&) const = default;
};

[[nodiscard]] Generation read_generation(Connection& connection);

// Whether a log belongs to its file. `file` was read without the log, `both` with it.
[[nodiscard]] constexpr bool wal_belongs(const Generation& file, const Generation& both) {
  return file.current == both.current || file.current == both.before;
}

// Call it in the first transaction of a log, and only then.
void begin_generation(Connection& connection);

}  // namespace belfry::store::sqlite
