#include "store/sqlite/open_files.hpp"

namespace belfry::store::sqlite {
namespace {

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

// Commits write to the log. Only a checkpoint writes to the file, followed by note_written().
bool same_content(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

std::filesystem::path wal_path(const std::filesystem::path& file) { return file.string() + "-wal"; }

OpenFiles::OpenFiles(const std::filesystem::path& file) : path_(file), wal_path_(wal_path(file)) {
  ::stat(path_.c_str(), &file_);
  ::stat(wal_path_.c_str(), &wal_);
}

Tampering OpenFiles::check(std::uint64_t wal_bytes) const {
  struct stat now{};
  if (::stat(path_.c_str(), &now) != 0) return Tampering::file_missing;
  if (!same_file(now, file_)) return Tampering::file_replaced;
  if (!same_content(now, file_)) return Tampering::file_overwritten;
  if (::stat(wal_path_.c_str(), &now) != 0 || !same_file(now, wal_)) return Tampering::wal_missing;
  if (static_cast<std::uint64_t>(now.st_size) < wal_bytes) return Tampering::wal_truncated;
  return Tampering::none;
}

bool OpenFiles::wal_in_place() const {
  struct stat now{};
  return ::stat(wal_path_.c_str(), &now) == 0 && same_file(now, wal_);
}

void OpenFiles::note_written() {
  struct stat now{};
  if (::stat(path_.c_str(), &now) == 0 && same_file(now, file_)) file_ = now;
}

}  // namespace belfry::store::sqlite
