// One connection to one SQLite file, and its prepared statements. Errors: MediumFailure when the file or its disk fails; std::runtime_error
// when SQLite refuses a statement (a broken constraint).
#pragma once
#include <sqlite3.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace belfry::store::sqlite {

// Bytes that are no text.
struct Blob {
  std::string_view bytes;
};

class Connection {
 public:
  // The file must exist. Throws MediumFailure.
  explicit Connection(std::filesystem::path file);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  void run(const char* sql);
  [[nodiscard]] std::int64_t number(const char* sql);  // the first column of the first row; 0 without one

  // Throws what `code` means.
  [[noreturn]] void raise(int code) const;

 private:
  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
};

// One pass over the rows of a statement; the statement can be run again when it is gone.
class Rows {
 public:
  Rows(Connection& connection, sqlite3_stmt* statement) : connection_(connection), statement_(statement) {}
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  [[nodiscard]] bool next();
  [[nodiscard]] std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::uint32_t count(int column) const { return static_cast<std::uint32_t>(number(column)); }
  [[nodiscard]] bool flag(int column) const { return number(column) != 0; }
  [[nodiscard]] std::string text(int column) const;  // a blob too
  [[nodiscard]] base::Timestamp time(int column) const { return base::Timestamp(base::Millis(number(column))); }
  [[nodiscard]] std::optional<base::Timestamp> maybe_time(int column) const;

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
};

// Prepared when it is first used, then kept.
class Statement {
 public:
  Statement(Connection& connection, const char* sql) : connection_(connection), sql_(sql) {}
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Values are copied: the rows may be read after they are gone.
  template <class... Values>
  [[nodiscard]] Rows query(const Values&... values) {
    prepare();
    int index = 0;
    (bind(++index, values, SQLITE_TRANSIENT), ...);
    return Rows(connection_, statement_);
  }

  // Runs to the end. Gives the number of rows that were changed.
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
