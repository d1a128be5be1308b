// Compares the open files of a connection with the files at their paths, in two stat calls. If another program removes, replaces,
// truncates or overwrites them, SQLite keeps writing to files that the next start will not find.
// Thread rule: as for Medium.
#pragma once
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>

namespace belfry::store::sqlite {

enum class Tampering {
  none,
  file_missing,      // no file at the path of the database
  file_replaced,     // another file at the path of the database
  file_overwritten,  // the same file, written by another program
  wal_missing,       // no write-ahead log at its path, or another file: the open log is still complete
  wal_truncated,     // the log has lost commits
};

class OpenFiles {
 public:
  // Takes the files that are at the paths now as the open ones. The log of a database is FILE-wal.
  explicit OpenFiles(const std::filesystem::path& file);

  // `wal_bytes`: the minimum size of the log.
  [[nodiscard]] Tampering check(std::uint64_t wal_bytes) const;
  // Whether the open log is still at its path.
  [[nodiscard]] bool wal_in_place() const;
  // Call it after the store itself has written to the database file.
  void note_written();

 private:
  std::filesystem::path path_;
  std::filesystem::path wal_path_;
  struct stat file_{};
  struct stat wal_{};
};

[[nodiscard]] std::filesystem::path wal_path(const std::filesystem::path& file);

}  // namespace belfry::store::sqlite
