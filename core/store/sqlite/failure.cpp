#include "store/sqlite/failure.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <system_error>

namespace belfry::store::sqlite {
namespace {

// SQLite itself treats only ENOSPC as a full disk.
bool is_disk_full(int code, int errno_code) {
  if ((code & 0xFF) == SQLITE_FULL) return true;
  return (code & 0xFF) == SQLITE_IOERR && code != SQLITE_IOERR_READ &&
         (errno_code == ENOSPC || errno_code == EDQUOT || errno_code == EFBIG);
}

std::string full(int errno_code) {
  if (errno_code == EDQUOT) return "the disk quota is used up; raise it, or free some space";
  if (errno_code == EFBIG) return "the disk is full for this process: the file has reached its size limit; raise the limit of file size";
  return "the disk is full; free some space on it";
}

std::string_view verb(int code) {
  switch (code) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ: return "read";
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_TRUNCATE: return "written";
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC: return "written durably";
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_UNLOCK:
    case SQLITE_IOERR_RDLOCK:
    case SQLITE_IOERR_CHECKRESERVEDLOCK: return "locked";
    default: return "read or written";
  }
}

std::string broken_disk(int code, int errno_code) {
  const auto why = code == SQLITE_IOERR_SHORT_READ ? std::string("unexpected end of file")
                   : errno_code != 0               ? std::generic_category().message(errno_code)
                                                   : std::string("the system gives no reason");
  return "cannot be " + std::string(verb(code)) + ": " + why + " (SQLite error " + std::to_string(code) +
         "); check the disk, and the kernel's messages with journalctl -k";
}

std::string sentence(int code, int errno_code) {
  if (is_disk_full(code, errno_code)) return full(errno_code);
  switch (code & 0xFF) {
    case SQLITE_READONLY:
    case SQLITE_PERM: return "no permission to write";
    case SQLITE_CANTOPEN: {
      const auto why = errno_code != 0 ? ": " + std::generic_category().message(errno_code) : std::string();
      return "cannot be opened" + why + "; check that the directory exists and may be written";
    }
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "in use by another process; stop that one first";
    case SQLITE_CORRUPT: return "damaged; restore it from a backup, or move it away to start empty";
    case SQLITE_NOTADB: return "not a Belfry database; check store.path";
    case SQLITE_IOERR: return broken_disk(code, errno_code);
    default: return sqlite3_errstr(code);
  }
}

}  // namespace

MediumFailure failure_of(const std::filesystem::path& file, int code, int errno_code) {
  const auto primary = code & 0xFF;
  const auto kind = is_disk_full(code, errno_code)                          ? MediumFailure::Kind::full
                    : primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ? MediumFailure::Kind::damaged
                                                                            : MediumFailure::Kind::failing;
  return MediumFailure(file.string() + ": " + sentence(code, errno_code), kind);
}

}  // namespace belfry::store::sqlite
