// An open database: its connection, tables, transactions and write-ahead log.
// Ownership: references to its parts are valid for the life of the session. Errors: MediumFailure.
#pragma once
#include <memory>

#include "store/sqlite/connection.hpp"
#include "store/sqlite/last_use.hpp"
#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {

class Session {
 public:
  struct Start {
    bool end_leases = false;                         // of an earlier process
    std::optional<base::Timestamp> lost_since = {};  // commits after this are missing from the file
    base::Timestamp now{};
  };
  struct Report {
    std::optional<base::Timestamp> backup_of;         // if the file is a backup: when it was taken
    std::optional<base::Timestamp> copy_of;           // if the file is another kind of copy: the latest time recorded in it
    std::size_t in_doubt = 0;                         // deliveries that may have been sent since then
    std::vector<model::Delivery> dead_lettered = {};  // deliveries that no lease would find; now dead letters
  };

  // `accepted` comes from open_vetted(); `backlog` outlives the session. Creates or migrates the tables and counts their rows. If it
  // throws, completed migrations remain; the rest is rolled back.
  Session(std::unique_ptr<Connection> accepted, Backlog& backlog, const Start& start);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] const Report& report() const { return report_; }
  [[nodiscard]] SqliteTables& tables() { return tables_; }
  [[nodiscard]] Connection& connection() { return *connection_; }

  void begin();
  void commit();
  void rollback() noexcept;
  // Runs the last transaction before the database is closed; ignores failures.
  void end() noexcept;
  // Rows changed by the connection so far.
  [[nodiscard]] std::int64_t changes() const;

  // Moves the log into the file and truncates it to zero bytes. Returns SQLite's result code.
  [[nodiscard]] int truncate_wal() noexcept;
  // Moves the log into the file and keeps the size of the log. Returns SQLite's result code.
  [[nodiscard]] int recycle_wal() noexcept;
  // A commit recycles the log when it has at least this many pages.
  void limit_wal(int pages) { wal_limit_ = pages; }
  // While held, nothing is moved into the file, however large the log becomes.
  void hold_wal(bool hold) { wal_held_ = hold; }
  // Size of the part of the log that is in use, in bytes.
  [[nodiscard]] std::uint64_t wal_bytes() const;
  [[nodiscard]] int wal_pages() const { return wal_pages_; }
  // True once after the database file was written to.
  [[nodiscard]] bool take_written() { return std::exchange(written_, false); }

 private:
  static int after_commit(void* self, sqlite3* handle, const char* name, int pages);
  [[nodiscard]] int checkpoint(int mode) noexcept;
  void prepare(const Start& start);
  [[nodiscard]] base::Timestamp last_known(base::Timestamp now);

  std::unique_ptr<Connection> connection_;
  LastUse last_use_;
  SqliteTables tables_;
  Statement begin_{*connection_, "BEGIN IMMEDIATE"};
  Statement commit_{*connection_, "COMMIT"};
  Report report_;
  std::uint64_t page_size_ = 0;
  int wal_limit_ = 0;
  int wal_pages_ = 0;
  bool wal_held_ = false;
  bool wal_begins_ = false;  // the next commit is the first one in a log
  bool written_ = false;
};

}  // namespace belfry::store::sqlite
