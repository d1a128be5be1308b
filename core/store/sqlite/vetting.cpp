#include "store/sqlite/vetting.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <vector>

#include "store/sqlite/failure.hpp"
#include "store/sqlite/file_mode.hpp"
#include "store/sqlite/generation.hpp"
#include "store/sqlite/open_files.hpp"
#include "store/sqlite/schema.hpp"

namespace belfry::store::sqlite {
namespace {

constexpr std::uint64_t kOnePage = 4096;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) { throw MediumFailure(file.string() + ": " + why); }

// SQLite's check reports a damaged page and an unreadable one alike. Read everything to distinguish them.
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
  check_readable(wal_path(connection.file()), connection.wal_file());
  connection.raise(SQLITE_CORRUPT);
}

// Belfry leaves a rollback journal only if it crashes while it creates the database in an empty file. SQLite would apply a foreign journal
// to the file.
void check_no_journal(const std::filesystem::path& file) {
  const std::filesystem::path journal = file.string() + "-journal";
  if (size_of(journal) == 0 || size_of(file) <= kOnePage) return;
  refuse(file, "next to it is " + journal.string() + ", which Belfry did not write and SQLite would apply to it; move that file away");
}

void check_usable(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    refuse(file, error ? "cannot be examined: " + error.message() : "is not a file, wanted a database; check store.path");
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

// An immutable connection takes no locks, so take one here: no other process can write while the connection exists.
void lock_shared(Connection& connection) {
  auto* file = connection.main_file();
  const int code = file->pMethods->xLock(file, SQLITE_LOCK_SHARED);
  if (code != SQLITE_OK) throw failure_of(connection.file(), code, errno);
}

void refuse_wal(const std::filesystem::path& file) {
  const auto wal = wal_path(file);
  refuse(file, "next to it is " + wal.string() +
                   ", the write-ahead log of another database file, which would damage this one; if this file was restored from a backup, "
                   "move " +
                   wal.filename().string() + " away and start again");
}

// Reads the generation of the file without its log. None: the file is not readable by itself, because a crash interrupted the store while
// it moved the log into the file.
std::optional<Generation> generation_alone(const std::filesystem::path& file) {
  Connection immutable(file, Connection::Access::immutable);
  lock_shared(immutable);
  try {
    immutable.run("PRAGMA writable_schema = ON");  // accept a header that counts more pages than the file has yet
    return read_generation(immutable);
  } catch (const MediumFailure& failure) {
    if (failure.kind() != MediumFailure::Kind::damaged) throw;
  } catch (const std::runtime_error&) {  // a table has another form than expected
  }
  return std::nullopt;
}

bool is_whole(const std::filesystem::path& file) try {
  Connection immutable(file, Connection::Access::immutable);
  check_whole(immutable);
  return true;
} catch (const std::exception&) {
  return false;
}

// Closes the connection before it reports damage.
void check_with_wal(std::unique_ptr<Connection>& connection, const std::optional<Generation>& alone) {
  const auto file = connection->file();
  try {
    check_identity(*connection);
    if (alone && !wal_belongs(*alone, read_generation(*connection))) refuse_wal(file);
    check_whole(*connection);
  } catch (const MediumFailure& failure) {
    if (failure.kind() != MediumFailure::Kind::damaged) throw;
    connection.reset();
    if (is_whole(file)) refuse_wal(file);  // only the log causes the damage
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
  const auto wal = wal_path(file);
  if (size_of(wal) <= kWalHeader) return;
  const std::string found = std::filesystem::exists(file) ? "is empty" : "is missing";
  refuse(file, found + ", but its write-ahead log " + wal.string() +
                   " exists and may contain notifications; put the database file back, or move the log away to start empty");
}

std::unique_ptr<Connection> open_immutable_vetted(const std::filesystem::path& file) {
  auto immutable = std::make_unique<Connection>(file, Connection::Access::immutable);
  lock_shared(*immutable);
  check_identity(*immutable);
  check_whole(*immutable);
  return immutable;
}

std::unique_ptr<Connection> open_vetted(const std::filesystem::path& file) {
  check_usable(file);
  check_no_journal(file);
  const bool has_wal = size_of(wal_path(file)) > kWalHeader;
  if (size_of(file) == 0) {
    check_vacant(file);
  } else if (!has_wal) {
    open_immutable_vetted(file).reset();
  }
  const auto alone = has_wal ? generation_alone(file) : std::nullopt;
  auto connection = std::make_unique<Connection>(file);
  connection->keep_wal_on_close(true);
  // Set the mode before the first read: then the index of the log is kept in memory, and the lock that the read takes is held.
  connection->run("PRAGMA locking_mode = EXCLUSIVE");
  if (has_wal) check_with_wal(connection, alone);
  return connection;
}

void check_acceptable(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return check_vacant(file);
  open_vetted(file).reset();
  check_mode(file);
}

}  // namespace belfry::store::sqlite
