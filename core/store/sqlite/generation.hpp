// Which write-ahead log belongs to which database file. SQLite replays any log that lies beside a file, also one that another file left
// there: a stale log would silently be mixed into a restored backup. So every log begins with a random number of its own and the number of
// the log before it, in a row that is in the file too as soon as the log has been moved there.
#pragma once
#include "store/sqlite/connection.hpp"

namespace belfry::store::sqlite {

struct Generation {
  std::int64_t current = 0;  // 0: written before there were generations
  std::int64_t before = 0;

  bool operator==(const Generation&) const = default;
};

[[nodiscard]] Generation read_generation(Connection& connection);

// Whether a log belongs to its file: `file` was read without it, `both` through it.
[[nodiscard]] constexpr bool log_belongs(const Generation& file, const Generation& both) {
  return file.current == both.current || file.current == both.before;
}

// Within the first transaction of a log, and only then.
void begin_generation(Connection& connection);

}  // namespace belfry::store::sqlite
