#include "store/sqlite/vetting.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <vector>

#include "store/sqlite/failure.hpp"
#include "store/sqlite/generation.hpp"
#include "store/sqlite/open_files.hpp"
#include "store/sqlite/schema.hpp"

namespace belfry::store::sqlite {
namespace {

constexpr std::uint64_t kOnePage = 4096;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) { throw MediumFailure(file.string() + ": " + why); }

// A damaged page and one that the disk cannot read look the same to SQLite's check. Read everything to tell them apart.
void check_readable(const std::filesystem::path& path, sqlite3_file* file) {
  if (file == nullptr || file->pMethods == nullptr) return;
  sqlite3_int64 size = 0;
  if (file->pMethods->xFileSize(file, &size) != SQLITE_OK) return;
  std::vector<char> piece(64UL * 1024);
  for (sqlite3_int64 at = 0; at < size; at += static_cast<sqlite3_int64>(piece.size())) {
    const auto part = static_cast<int>(std::min<sqlite3_int64>(size - at, static_cast<sqlite3_int64>(piece.size())));
    const int code = file->pMethods->xRead(file, piece.data(), part, at);
    if (code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ) continue;
    int reason = 0;
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &reason);
    throw failure_of(path, code, reason);
  }
}

void check_whole(Connection& connection) {
  Statement check(connection, "PRAGMA quick_check(1)");
  auto rows = check.query();
  if (rows.next() && rows.text(0) == "ok") return;
  check_readable(connection.file(), connection.main_file());
  check_readable(log_of(connection.file()), connection.log_file());
  connection.raise(SQLITE_CORRUPT);
}

// Belfry never leaves a rollback journal, but for a crash while an empty file becomes a database. SQLite would roll any other back into
// the file.
void check_no_journal(const std::filesystem::path& file) {
  const std::filesystem::path journal = file.string() + "-journal";
  if (size_of(journal) == 0 || size_of(file) <= kOnePage) return;
  refuse(file, "beside it is " + journal.string() + ", which Belfry did not write and SQLite would apply to it; move that file away");
}

void check_usable(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    refuse(file, error ? "cannot be looked at: " + error.message() : "is not a file, wanted a database; check store.path");
  }
  if (::access(file.c_str(), R_OK | W_OK) != 0) {
    refuse(file, "cannot be read and written by user " + std::to_string(::geteuid()) + ": " + std::generic_category().message(errno) +
                     "; make that user its owner, with mode 600");
  }
  const auto directory = std::filesystem::absolute(file).parent_path();
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    refuse(file, "the directory " + directory.string() + " cannot be written by user " + std::to_string(::geteuid()) + ": " +
                     std::generic_category().message(errno) + "; make that user its owner, with mode 700");
  }
}

// The connection reads without locks, so it takes one by hand: nobody writes while it lives.
void lock_shared(Connection& connection) {
  auto* file = connection.main_file();
  const int code = file->pMethods->xLock(file, SQLITE_LOCK_SHARED);
  if (code != SQLITE_OK) throw failure_of(connection.file(), code, errno);
}

void refuse_log(const std::filesystem::path& file) {
  const auto log = log_of(file);
  refuse(file, "beside it is " + log.string() +
                   ", the write-ahead log of another database file, which would damage this one; if this file was restored from a backup, "
                   "move " +
                   log.filename().string() + " away and start again");
}

// Of the file without its log; none: it cannot be read by itself, since a crash interrupted the store while it moved the log there.
std::optional<Generation> generation_alone(const std::filesystem::path& file) {
  Connection frozen(file, Connection::Access::frozen);
  lock_shared(frozen);
  try {
    frozen.run("PRAGMA writable_schema = ON");  // a header that counts more pages than there are yet is no damage then
    return read_generation(frozen);
  } catch (const MediumFailure& failure) {
    if (failure.kind() != MediumFailure::Kind::damaged) throw;
  } catch (const std::runtime_error&) {  // a table that is not what it should be
  }
  return std::nullopt;
}

bool is_whole(const std::filesystem::path& file) try {
  Connection frozen(file, Connection::Access::frozen);
  check_whole(frozen);
  return true;
} catch (const std::exception&) {
  return false;
}

// The connection is gone when it throws.
void check_with_log(std::unique_ptr<Connection>& connection, const std::optional<Generation>& alone) {
  const auto file = connection->file();
  try {
    check_identity(*connection);
    if (alone && !log_belongs(*alone, read_generation(*connection))) refuse_log(file);
    check_whole(*connection);
  } catch (const MediumFailure& failure) {
    if (failure.kind() != MediumFailure::Kind::damaged) throw;
    connection.reset();
    if (is_whole(file)) refuse_log(file);  // the file is sound, and its log makes it unsound
    throw;
  }
}

}  // namespace

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

void check_vacant(const std::filesystem::path& file) {
  const auto log = log_of(file);
  if (size_of(log) <= kLogHeader) return;
  const std::string found = std::filesystem::exists(file) ? "is empty" : "is missing";
  refuse(file, found + ", but its write-ahead log " + log.string() +
                   " is there and may hold notifications; put the database file back, or move the log away to start empty");
}

std::unique_ptr<Connection> open_frozen_vetted(const std::filesystem::path& file) {
  auto frozen = std::make_unique<Connection>(file, Connection::Access::frozen);
  lock_shared(*frozen);
  check_identity(*frozen);
  check_whole(*frozen);
  return frozen;
}

std::unique_ptr<Connection> open_vetted(const std::filesystem::path& file) {
  check_usable(file);
  check_no_journal(file);
  const bool has_log = size_of(log_of(file)) > kLogHeader;
  if (size_of(file) == 0) {
    check_vacant(file);
  } else if (!has_log) {
    open_frozen_vetted(file).reset();
  }
  const auto alone = has_log ? generation_alone(file) : std::nullopt;
  auto connection = std::make_unique<Connection>(file);
  connection->keep_log_on_close(true);
  // Exclusive before the first read: then the index of the log is in memory, and the lock that the read takes is kept.
  connection->run("PRAGMA locking_mode = EXCLUSIVE");
  if (has_log) check_with_log(connection, alone);
  return connection;
}

}  // namespace belfry::store::sqlite
