// Which state of a database file was in use last, kept in a file beside it. A database that is older, or another file, was put there from a
// copy: it does not know what has been sent since the copy was made. A copy of the whole disk, this file included, is not noticed.
// Thread rule: that of the store.
#pragma once
#include "store/sqlite/connection.hpp"

namespace belfry::store::sqlite {

class LastUse {
 public:
  explicit LastUse(const std::filesystem::path& database);

  // Whether the database is a copy; asked before it is used. Never of one that was not in use since this is kept.
  [[nodiscard]] bool is_copy(Connection& connection) const;

  // The next state, within a transaction: with each log, and when the database is closed.
  void advance(Connection& connection) const;
  // Once that is committed. A failure is none: the file beside may lag behind.
  void keep(Connection& connection) noexcept;

 private:
  std::filesystem::path database_;
  std::filesystem::path path_;
  bool kept_ = false;
};

}  // namespace belfry::store::sqlite
