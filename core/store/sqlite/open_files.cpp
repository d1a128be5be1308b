#include "store/sqlite/open_files.hpp"

namespace belfry::store::sqlite {
namespace {

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

// A commit goes to the log; only a checkpoint writes to the file, and after that note_written() is called.
bool same_content(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

std::filesystem::path log_of(const std::filesystem::path& file) { return file.string() + "-wal"; }

OpenFiles::OpenFiles(const std::filesystem::path& file) : path_(file), log_path_(log_of(file)) {
  ::stat(path_.c_str(), &file_);
  ::stat(log_path_.c_str(), &log_);
}

Tampering OpenFiles::look(std::uint64_t log_bytes) const {
  struct stat now{};
  if (::stat(path_.c_str(), &now) != 0) return Tampering::file_missing;
  if (!same_file(now, file_)) return Tampering::file_replaced;
  if (!same_content(now, file_)) return Tampering::file_overwritten;
  if (::stat(log_path_.c_str(), &now) != 0 || !same_file(now, log_)) return Tampering::log_missing;
  if (static_cast<std::uint64_t>(now.st_size) < log_bytes) return Tampering::log_truncated;
  return Tampering::none;
}

bool OpenFiles::log_in_place() const {
  struct stat now{};
  return ::stat(log_path_.c_str(), &now) == 0 && same_file(now, log_);
}

void OpenFiles::note_written() {
  struct stat now{};
  if (::stat(path_.c_str(), &now) == 0 && same_file(now, file_)) file_ = now;
}

}  // namespace belfry::store::sqlite
