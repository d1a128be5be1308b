#include "store/sqlite/connection.hpp"

#include "store/medium.hpp"

namespace belfry::store::sqlite {
namespace {

std::string sentence(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL: return "the disk is full; free some space on it";
    case SQLITE_READONLY:
    case SQLITE_PERM: return "no permission to write";
    case SQLITE_CANTOPEN: return "cannot be opened; check that the directory exists and may be written";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "in use by another process; stop that one first";
    case SQLITE_CORRUPT: return "damaged; restore it from a backup, or move it away to start empty";
    case SQLITE_NOTADB: return "not a Belfry database; check store.path";
    case SQLITE_IOERR: return "the disk cannot be read or written (SQLite error " + std::to_string(code) + ")";
    default: return sqlite3_errstr(code);
  }
}

}  // namespace

Connection::Connection(std::filesystem::path file) : file_(std::move(file)) {
  const int code = sqlite3_open_v2(file_.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code == SQLITE_OK) return;
  const MediumFailure failure(file_.string() + ": " + sentence(code));
  sqlite3_close(handle_);
  throw failure;
}

Connection::~Connection() { sqlite3_close(handle_); }

void Connection::run(const char* sql) {
  if (const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK) raise(code);
}

std::int64_t Connection::number(const char* sql) {
  Statement statement(*this, sql);
  auto rows = statement.query();
  return rows.next() ? rows.number(0) : 0;
}

void Connection::raise(int code) const {
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG: throw std::runtime_error(file_.string() + ": " + sqlite3_errmsg(handle_));
    default: throw MediumFailure(file_.string() + ": " + sentence(code));
  }
}

// What was wrong has been said by next(); reset repeats it.
Rows::~Rows() { sqlite3_reset(statement_); }

bool Rows::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.raise(code);
  return false;
}

std::string Rows::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::optional<base::Timestamp> Rows::maybe_time(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return time(column);
}

void Statement::prepare() {
  if (statement_ == nullptr) check(sqlite3_prepare_v3(connection_.handle(), sql_, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) connection_.raise(code);
}

void Statement::bind(int index, std::int64_t value, sqlite3_destructor_type) { check(sqlite3_bind_int64(statement_, index, value)); }

void Statement::bind(int index, std::optional<base::Timestamp> value, sqlite3_destructor_type life) {
  if (value) return bind(index, *value, life);
  check(sqlite3_bind_null(statement_, index));
}

// A null pointer would bind NULL: an empty view points at something.
void Statement::bind(int index, std::string_view value, sqlite3_destructor_type life) {
  check(sqlite3_bind_text64(statement_, index, value.empty() ? "" : value.data(), value.size(), life, SQLITE_UTF8));
}

void Statement::bind(int index, Blob value, sqlite3_destructor_type life) {
  check(sqlite3_bind_blob64(statement_, index, value.bytes.empty() ? "" : value.bytes.data(), value.bytes.size(), life));
}

}  // namespace belfry::store::sqlite
