// An open database: its connection, its tables, its transactions and its write-ahead log.
// Ownership: none of it outlives the session. Errors: MediumFailure.
#pragma once
#include <memory>

#include "store/sqlite/connection.hpp"
#include "store/sqlite/last_use.hpp"
#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {

class Session {
 public:
  struct Start {
    bool end_leases = false;                         // those of an earlier process
    std::optional<base::Timestamp> lost_since = {};  // commits made after this are not in the file
    base::Timestamp now{};
  };
  struct Report {
    std::optional<base::Timestamp> backup_of;  // when the backup was taken that this file is
    std::optional<base::Timestamp> copy_of;    // the last moment that it knows of, when it was put here from a copy made otherwise
    std::size_t in_doubt = 0;                  // deliveries that may have been sent since
    std::vector<model::Delivery> buried = {};  // could not be read where no lease looks; dead letters now
  };

  // `accepted` comes from open_vetted(). Creates or migrates the tables, and counts them. `backlog` outlives the session. Throws with
  // nothing changed, or changed as far as it says.
  Session(std::unique_ptr<Connection> accepted, Backlog& backlog, const Start& start);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] const Report& report() const { return report_; }
  [[nodiscard]] SqliteTables& tables() { return tables_; }
  [[nodiscard]] Connection& connection() { return *connection_; }

  void begin();
  void commit();
  void undo() noexcept;
  // The last transaction before the database is closed for good; a failure is none.
  void end() noexcept;
  // Rows changed by the connection so far.
  [[nodiscard]] std::int64_t changes() const;

  // Moves the log into the file and empties it. Gives SQLite's result code.
  [[nodiscard]] int truncate_log() noexcept;
  // The same without making the log's file smaller.
  [[nodiscard]] int recycle_log() noexcept;
  // How many pages the log may hold before a commit recycles it.
  void limit_log(int pages) { log_limit_ = pages; }
  // While held, nothing is moved into the file, however long the log gets.
  void hold_log(bool hold) { log_held_ = hold; }
  // Bytes at the start of the log that the database needs.
  [[nodiscard]] std::uint64_t log_bytes() const;
  [[nodiscard]] int log_pages() const { return log_pages_; }
  // True once after the database file was written to.
  [[nodiscard]] bool take_written() { return std::exchange(written_, false); }
  // By how many bytes the file would grow if the log were moved into it now.
  [[nodiscard]] std::uint64_t growth();

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
  int log_limit_ = 0;
  int log_pages_ = 0;
  bool log_held_ = false;
  bool log_begins_ = false;  // the next commit is the first of a log
  bool written_ = false;
};

}  // namespace belfry::store::sqlite
