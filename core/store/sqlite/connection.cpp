#include "store/sqlite/connection.hpp"

#include <algorithm>
#include <limits>

#include "base/utf8.hpp"
#include "store/sqlite/failure.hpp"

namespace belfry::store::sqlite {
namespace {

constexpr std::int64_t kLatest = 253'402'300'799'999;  // the end of 9999, as to_rfc3339 can write it
constexpr int kFlags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

std::string immutable_uri(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    if (c == '%' || c == '?' || c == '#') {
      static constexpr std::string_view kHex = "0123456789ABCDEF";
      uri += {'%', kHex[static_cast<unsigned char>(c) >> 4U], kHex[static_cast<unsigned char>(c) & 0xFU]};
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

Connection::Connection(std::filesystem::path file, Access access) : file_(std::move(file)) {
  const int code = access == Access::immutable
                       ? sqlite3_open_v2(immutable_uri(file_).c_str(), &handle_, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | kFlags, nullptr)
                       : sqlite3_open_v2(file_.c_str(), &handle_, SQLITE_OPEN_READWRITE | kFlags, nullptr);
  if (code == SQLITE_OK) return;
  auto failure = failure_of(file_, code, handle_ == nullptr ? 0 : sqlite3_system_errno(handle_));
  sqlite3_close(handle_);
  throw failure;
}

Connection::~Connection() { sqlite3_close(handle_); }

void Connection::keep_wal_on_close(bool keep) { sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr); }

// SQLite stores the system error in the file handle, and only for some calls in the connection.
int Connection::system_reason(int code) const {
  const auto last = [](sqlite3_file* file) {
    int reason = 0;
    if (file != nullptr && file->pMethods != nullptr) file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &reason);
    return reason;
  };
  if ((code & 0xFF) != SQLITE_IOERR && (code & 0xFF) != SQLITE_FULL) return sqlite3_system_errno(handle_);
  const bool reading = code == SQLITE_IOERR_READ;
  const int first = last(reading ? main_file() : wal_file());
  if (first != 0) return first;
  const int second = last(reading ? wal_file() : main_file());
  return second != 0 ? second : sqlite3_system_errno(handle_);
}

sqlite3_file* Connection::main_file() const {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  return file;
}

sqlite3_file* Connection::wal_file() const {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  return file;
}

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
    default: throw failure_of(file_, code, system_reason(code));
  }
}

// next() has reported any error; reset only returns it again.
Rows::~Rows() { sqlite3_reset(statement_); }

bool Rows::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.raise(code);
  return false;
}

std::string Rows::bytes(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::string Rows::text(int column) const {
  auto text = bytes(column);
  if (base::is_utf8(text)) return text;
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return text;
}

std::uint32_t Rows::count(int column) const {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(number(column), 0, std::numeric_limits<std::uint32_t>::max()));
}

base::Timestamp Rows::time(int column) const { return base::Timestamp(base::Millis(std::clamp<std::int64_t>(number(column), 0, kLatest))); }

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

// A null pointer would bind NULL, so an empty view binds "".
void Statement::bind(int index, std::string_view value, sqlite3_destructor_type life) {
  check(sqlite3_bind_text64(statement_, index, value.empty() ? "" : value.data(), value.size(), life, SQLITE_UTF8));
}

void Statement::bind(int index, Blob value, sqlite3_destructor_type life) {
  check(sqlite3_bind_blob64(statement_, index, value.bytes.empty() ? "" : value.bytes.data(), value.bytes.size(), life));
}

}  // namespace belfry::store::sqlite
