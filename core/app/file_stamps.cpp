#include "app/file_stamps.hpp"

#include <sys/stat.h>

namespace belfry::app {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as path_resolution(7)

std::int64_t ns(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

FileStamp stamp_of(const fs::path& file) {
  struct stat found{};
  if (::stat(file.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_size, ns(found.st_mtim), ns(found.st_ctim)};
}

fs::path directory_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

}  // namespace

std::set<fs::path> directories_of(const std::vector<fs::path>& files) {
  std::set<fs::path> directories;
  for (auto path : files) {
    std::error_code error;
    if (fs::is_directory(path, error)) directories.insert(path);
    directories.insert(directory_of(path));
    for (int links = 0; links < kMostLinks && fs::is_symlink(path, error); ++links) {
      const auto target = fs::read_symlink(path, error);
      if (error) break;
      path = directory_of(path) / target;  // an absolute target replaces the whole
      directories.insert(directory_of(path));
    }
  }
  return directories;
}

FileStamps stamps_of(const std::vector<fs::path>& files, const std::set<fs::path>& directories) {
  FileStamps stamps;
  for (const auto& file : files) stamps[file] = stamp_of(file);
  for (const auto& directory : directories) {
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
      const auto& path = entry->path();
      if (path.extension() == ".yaml" || path.extension() == ".yml") stamps[path] = stamp_of(path);
    }
  }
  return stamps;
}

}  // namespace belfry::app
