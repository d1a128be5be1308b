#include "store/backup.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "base/errno_message.hpp"
#include "store/sqlite/failure.hpp"
#include "store/sqlite/open_files.hpp"
#include "store/sqlite/restored.hpp"
#include "store/sqlite/vetting.hpp"

namespace belfry::store {
namespace {

using sqlite::Connection;

constexpr std::size_t kPiece = 1024UL * 1024;
constexpr std::uint64_t kSpare = 32ULL * 1024 * 1024;  // bytes of disk space that a backup leaves free for the gateway

[[noreturn]] void fail_with_errno(const std::filesystem::path& path, const std::string& what) {
  const int error = errno;
  const auto kind = error == ENOSPC || error == EDQUOT ? MediumFailure::Kind::full : MediumFailure::Kind::failing;
  throw MediumFailure(path.string() + ": " + what + ": " + base::errno_message(error), kind);
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, const char* what)
      : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (fd_ < 0) fail_with_errno(path, what);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail_with_errno(path_, "cannot be written");
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  void read(char* to, std::size_t count, std::uint64_t at) const {
    while (count > 0) {
      const auto got = ::pread(fd_, to, count, static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail_with_errno(path_, "cannot be read");
      if (got == 0) throw MediumFailure(path_.string() + ": unexpected end of file");
      to += got;
      at += static_cast<std::uint64_t>(got);
      count -= static_cast<std::size_t>(got);
    }
  }
  void sync() const {
    if (::fsync(fd_) != 0) fail_with_errno(path_, "cannot be written durably");
  }

 private:
  const std::filesystem::path& path_;
  int fd_;
};

// Copies in pieces, so that `stop` takes effect soon.
template <class Read>
void copy(std::uint64_t bytes, const std::filesystem::path& to, const std::atomic<bool>& stop, Read read) {
  const Descriptor out(to, O_CREAT | O_EXCL | O_WRONLY, "cannot be created");
  std::vector<char> piece(kPiece);
  for (std::uint64_t at = 0; at < bytes; at += kPiece) {
    if (stop) throw MediumFailure("the gateway is stopping");
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, bytes - at));
    read(piece.data(), part, at);
    out.write({piece.data(), part});
  }
}

// Reads through SQLite: opening and closing the file here would drop the store's locks.
void copy_file(const Snapshot& snapshot, const std::filesystem::path& to, const std::atomic<bool>& stop) {
  const Connection source(snapshot.file, Connection::Access::immutable);
  auto* file = source.main_file();
  copy(snapshot.file_bytes, to, stop, [&](char* piece, std::size_t part, std::uint64_t at) {
    const int code = file->pMethods->xRead(file, piece, static_cast<int>(part), static_cast<sqlite3_int64>(at));
    if (code != SQLITE_OK) throw sqlite::failure_of(snapshot.file, code, errno);
  });
}

void copy_wal(const Snapshot& snapshot, const std::filesystem::path& to, const std::atomic<bool>& stop) {
  if (snapshot.wal_bytes == 0) return;
  const Descriptor source(snapshot.wal, O_RDONLY, "cannot be read");  // SQLite does not lock the log
  copy(snapshot.wal_bytes, to, stop, [&](char* piece, std::size_t part, std::uint64_t at) { source.read(piece, part, at); });
}

void check_space(const Snapshot& snapshot, const std::filesystem::path& file) {
  const auto directory = std::filesystem::absolute(file).parent_path();
  struct statvfs found{};
  if (::statvfs(directory.c_str(), &found) != 0) return;
  const auto free = static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
  const auto wanted = snapshot.file_bytes + 2 * snapshot.wal_bytes + kSpare;
  if (free >= wanted) return;
  const auto mebibytes = [](std::uint64_t bytes) { return std::to_string(bytes / 1024 / 1024 + 1) + " MiB"; };
  throw MediumFailure(
      "the backup needs " + mebibytes(wanted) + " of free space in " + directory.string() + ", which has " + mebibytes(free),
      MediumFailure::Kind::full);
}

std::uint64_t waiting_in(Connection& connection) {
  return static_cast<std::uint64_t>(connection.number("SELECT count(*) FROM deliveries WHERE finished_at IS NULL"));
}

// Merges the log into the file, and stamps it as a backup.
std::uint64_t finish(const std::filesystem::path& file, base::Timestamp now) {
  auto connection = sqlite::open_vetted(file);
  connection->keep_wal_on_close(false);
  connection->run("BEGIN IMMEDIATE");
  sqlite::stamp_as_backup(*connection, now);
  connection->run("COMMIT");
  connection->run("PRAGMA journal_mode = DELETE");
  return waiting_in(*connection);
}

void sync(const std::filesystem::path& file) {
  Descriptor(file, O_RDONLY, "cannot be read").sync();
  const auto directory = std::filesystem::absolute(file).parent_path();
  Descriptor(directory, O_RDONLY | O_DIRECTORY, "cannot be read").sync();
}

void remove_pieces(const std::filesystem::path& file) {
  for (const auto* end : {"", "-wal", "-journal"}) {
    std::error_code ignored;
    std::filesystem::remove(file.string() + end, ignored);
  }
}

base::Error error_of(const std::exception& failure) { return {base::ErrorCode::unavailable, std::string("backup: ") + failure.what()}; }

}  // namespace

base::Result<Backup> write_backup(const Snapshot& snapshot, const std::filesystem::path& file, base::Timestamp now,
                                  const std::atomic<bool>& stop, const std::function<void()>& copied) {
  bool began = false;
  bool released = false;
  const auto release = [&] {
    if (!std::exchange(released, true)) copied();
  };
  try {
    if (std::filesystem::exists(file)) throw MediumFailure(file.string() + ": exists already");
    check_space(snapshot, file);
    began = true;
    copy_file(snapshot, file, stop);
    copy_wal(snapshot, sqlite::wal_path(file), stop);
    const bool valid = *snapshot.valid;
    release();
    if (!valid) throw MediumFailure("the store could not keep the snapshot: its log grew too large, or the disk is full; try again");
    const auto waiting = finish(file, now);
    sync(file);
    return Backup{.bytes = sqlite::size_of(file), .waiting = waiting, .taken_at = now};
  } catch (const std::exception& failure) {
    release();
    if (began) remove_pieces(file);
    return std::unexpected(error_of(failure));
  }
}

base::Result<Backup> backup_offline(const std::filesystem::path& source, const std::filesystem::path& file, base::Timestamp now) {
  try {
    if (!std::filesystem::exists(source)) throw MediumFailure(source.string() + ": does not exist; check store.path");
    const auto wal = sqlite::wal_path(source);
    const auto wal_bytes = sqlite::size_of(wal);
    // Holds the lock until the copy is complete.
    const auto locked = wal_bytes > 32 ? sqlite::open_vetted(source) : sqlite::open_immutable_vetted(source);
    const Snapshot snapshot{.file = source,
                            .file_bytes = sqlite::size_of(source),
                            .wal = wal,
                            .wal_bytes = wal_bytes,
                            .valid = std::make_shared<const std::atomic<bool>>(true)};
    const std::atomic<bool> stop = false;
    return write_backup(snapshot, file, now, stop, [] {});
  } catch (const std::exception& failure) {
    return std::unexpected(error_of(failure));
  }
}

base::Result<StoreFileInfo> inspect_file(const std::filesystem::path& file) {
  try {
    if (!std::filesystem::exists(file)) throw MediumFailure(file.string() + ": does not exist");
    if (sqlite::size_of(file) == 0) throw MediumFailure(file.string() + ": is empty");
    const auto connection = sqlite::size_of(sqlite::wal_path(file)) > 32 ? sqlite::open_vetted(file) : sqlite::open_immutable_vetted(file);
    return StoreFileInfo{
        .bytes = sqlite::size_of(file), .waiting = waiting_in(*connection), .backup_of = sqlite::backup_taken_at(*connection)};
  } catch (const std::exception& failure) {
    return base::fail(base::ErrorCode::unavailable, failure.what());
  }
}

}  // namespace belfry::store
