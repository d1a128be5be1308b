#include "base/file_state.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace belfry::base {
namespace {

namespace fs = std::filesystem;
using Kind = FileState::Kind;

std::string reason(int error) { return std::generic_category().message(error); }

FileState inaccessible(int error, const std::string& detail) {
  return {Kind::inaccessible, error == EACCES || error == EPERM, reason(error) + (detail.empty() ? "" : " (" + detail + ")"), {}};
}

FileState found(const struct stat& info) {
  const auto kind = S_ISREG(info.st_mode) ? Kind::file : S_ISDIR(info.st_mode) ? Kind::directory : Kind::device;
  return {kind, false, {}, fs::perms(info.st_mode & 07777U)};
}

std::string where_denied(const fs::path& directory) {
  return "user " + std::to_string(::geteuid()) + " may not search " + (directory.empty() ? "." : directory.string());
}

// Finds the part of the path that made stat() fail.
FileState find_cause(const fs::path& path, int error) {
  fs::path part;
  for (const auto& name : path) {
    const auto directory = part;
    part /= name;
    struct stat info{};
    if (::lstat(part.c_str(), &info) != 0) {
      if (errno == ENOENT) return {};
      return inaccessible(errno, errno == EACCES ? where_denied(directory) : "");
    }
    if (!S_ISLNK(info.st_mode) || ::stat(part.c_str(), &info) == 0) continue;
    return inaccessible(errno, "symbolic link " + part.string() + " to " + fs::read_symlink(part).string());
  }
  return inaccessible(error, "");  // the path has changed meanwhile, or the disk fails
}

}  // namespace

FileState state_of(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) return found(info);
  return find_cause(path, errno);
}

}  // namespace belfry::base
