// A connection to one SQLite file, and its prepared statements. Errors: MediumFailure if the file or its disk fails; std::runtime_error if
// SQLite rejects a statement (a violated constraint).
#pragma once
#include <sqlite3.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace belfry::store::sqlite {

// Raw bytes, not text.
struct Blob {
  std::string_view bytes;
};

class Connection {
 public:
  enum class Access {
    read_write,
    // The file alone, without its write-ahead log, on the assumption that it never changes. Writes, creates and locks nothing.
    immutable,
  };
  // The file must exist. Throws MediumFailure.
  explicit Connection(std::filesystem::path file, Access access = Access::read_write);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  void run(const char* sql);
  [[nodiscard]] std::int64_t number(const char* sql);  // the first column of the first row; 0: no row

  // Throws the exception for `code`, with the reason from the system.
  [[noreturn]] void raise(int code) const;

  // True: closing leaves the file and its log as they are, instead of moving the log into the file and removing it.
  void keep_wal_on_close(bool keep);
  // The open file handles, for sizes, locks and reads; pMethods of the log's is null while the log is not open.
  [[nodiscard]] sqlite3_file* main_file() const;
  [[nodiscard]] sqlite3_file* wal_file() const;

 private:
  [[nodiscard]] int system_reason(int code) const;  // errno; 0: unknown

  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
};

// One pass over the rows of a statement. The statement can run again after the destructor.
class Rows {
 public:
  Rows(Connection& connection, sqlite3_stmt* statement) : connection_(connection), statement_(statement) {}
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  [[nodiscard]] bool next();
  // A value that Belfry cannot have written reads as the nearest valid one.
  [[nodiscard]] std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] bool is_number(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_INTEGER; }
  [[nodiscard]] bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  [[nodiscard]] std::uint32_t count(int column) const;
  [[nodiscard]] bool flag(int column) const { return number(column) != 0; }
  [[nodiscard]] bool flag_or(int column, bool otherwise) const { return is_number(column) ? flag(column) : otherwise; }
  [[nodiscard]] std::string bytes(int column) const;     // of a blob or text
  [[nodiscard]] std::string text(int column) const;      // well-formed UTF-8
  [[nodiscard]] base::Timestamp time(int column) const;  // 1970 to 9999
  [[nodiscard]] std::optional<base::Timestamp> maybe_time(int column) const;

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
};

// A statement that is prepared on first use and then kept.
class Statement {
 public:
  Statement(Connection& connection, const char* sql) : connection_(connection), sql_(sql) {}
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Copies the values: they need not outlive the rows.
  template <class... Values>
  [[nodiscard]] Rows query(const Values&... values) {
    prepare();
    int index = 0;
    (bind(++index, values, SQLITE_TRANSIENT), ...);
    return Rows(connection_, statement_);
  }

  // Runs to the end and returns the number of changed rows.
  template <class... Values>
  std::size_t run(const Values&... values) {
    prepare();
    int index = 0;
    (bind(++index, values, SQLITE_STATIC), ...);
    Rows rows(connection_, statement_);
    while (rows.next()) {
    }
    return static_cast<std::size_t>(sqlite3_changes(connection_.handle()));
  }

 private:
  void prepare();
  void check(int code) const;
  void bind(int index, std::int64_t value, sqlite3_destructor_type);
  void bind(int index, std::uint32_t value, sqlite3_destructor_type life) { bind(index, std::int64_t{value}, life); }
  void bind(int index, std::uint64_t value, sqlite3_destructor_type life) { bind(index, static_cast<std::int64_t>(value), life); }
  void bind(int index, bool value, sqlite3_destructor_type life) { bind(index, std::int64_t{value ? 1 : 0}, life); }
  void bind(int index, base::Timestamp value, sqlite3_destructor_type life) { bind(index, value.time_since_epoch().count(), life); }
  void bind(int index, std::optional<base::Timestamp> value, sqlite3_destructor_type life);
  void bind(int index, std::string_view value, sqlite3_destructor_type life);
  void bind(int index, const std::string& value, sqlite3_destructor_type life) { bind(index, std::string_view(value), life); }
  void bind(int index, const char* value, sqlite3_destructor_type life) { bind(index, std::string_view(value), life); }
  void bind(int index, Blob value, sqlite3_destructor_type life);

  Connection& connection_;
  const char* sql_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace belfry::store::sqlite
