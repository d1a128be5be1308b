// The files that a connection has open, against what is at their paths: somebody may remove, replace, truncate or overwrite them, and
// SQLite would go on writing where nothing will be found at the next start.
// Thread rule: that of the store. Two stat calls, one for each file.
#pragma once
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>

namespace belfry::store::sqlite {

// What became of them.
enum class Tampering {
  none,
  file_missing,      // nothing is at the path of the database
  file_replaced,     // another file is
  file_overwritten,  // the same file, written to by another program
  log_missing,       // the same for the write-ahead log, or another file is there: the open one still has everything
  log_truncated,     // the log has lost what was committed
};

class OpenFiles {
 public:
  // Takes what is at the paths now for what is open. The log of a database is FILE-wal.
  explicit OpenFiles(const std::filesystem::path& file);

  // `log_bytes`: what the log must hold at least.
  [[nodiscard]] Tampering look(std::uint64_t log_bytes) const;
  // Whether the path of the log leads to the open one.
  [[nodiscard]] bool log_in_place() const;
  // The store itself has written to the database file.
  void note_written();
  [[nodiscard]] std::uint64_t file_bytes() const { return static_cast<std::uint64_t>(file_.st_size); }

 private:
  std::filesystem::path path_;
  std::filesystem::path log_path_;
  struct stat file_{};
  struct stat log_{};
};

[[nodiscard]] std::filesystem::path log_of(const std::filesystem::path& file);

}  // namespace belfry::store::sqlite
