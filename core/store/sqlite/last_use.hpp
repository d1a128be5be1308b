// Records, in a file next to the database, which state of the database was last in use. A database with an older state or another inode
// was restored from a copy, and has no record of the deliveries sent since then. Does not detect a copy of the whole disk, which includes
// the record.
// Thread rule: as for Medium.
#pragma once
#include "store/sqlite/connection.hpp"

namespace belfry::store::sqlite {

class LastUse {
 public:
  explicit LastUse(const std::filesystem::path& database);

  // Whether the database is a copy. Call it before the database is used. False for a database whose use has never been recorded.
  [[nodiscard]] bool is_copy(Connection& connection) const;

  // Advances to the next state, within a transaction: for each new log, and when the database is closed.
  void advance(Connection& connection) const;
  // Writes the state to the file next to the database, after the commit. Ignores failures: the file may lag behind.
  void save(Connection& connection) noexcept;

 private:
  std::filesystem::path database_;
  std::filesystem::path path_;
  bool kept_ = false;
};

}  // namespace belfry::store::sqlite
