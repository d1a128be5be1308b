#include "app/reload/file_stamps.hpp"

namespace belfry::app {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxSymlinks = 40;  // as in path_resolution(7)

fs::path directory_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

}  // namespace

std::set<fs::path> directories_of(const std::vector<fs::path>& files) {
  std::set<fs::path> directories;
  for (auto path : files) {
    std::error_code error;
    if (fs::is_directory(path, error)) directories.insert(path);
    directories.insert(directory_of(path));
    for (int links = 0; links < kMaxSymlinks && fs::is_symlink(path, error); ++links) {
      const auto target = fs::read_symlink(path, error);
      if (error) break;
      path = directory_of(path) / target;  // an absolute target replaces the whole path
      directories.insert(directory_of(path));
    }
  }
  return directories;
}

FileStamps stamps_of(const std::vector<fs::path>& files, const std::set<fs::path>& directories) {
  FileStamps stamps;
  for (const auto& file : files) stamps[file] = base::stamp_of(file);
  for (const auto& directory : directories) {
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
      const auto& path = entry->path();
      if (path.extension() == ".yaml" || path.extension() == ".yml") stamps[path] = base::stamp_of(path);
    }
  }
  return stamps;
}

}  // namespace belfry::app
