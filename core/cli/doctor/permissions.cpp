#include "cli/doctor/permissions.hpp"

#include <sys/stat.h>

#include <cstdio>

namespace belfry::cli::doctor {
namespace {

constexpr mode_t kOthersWrite = 0002;
constexpr mode_t kOthersAll = 0007;

std::string octal(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%03o", static_cast<unsigned>(mode));
  return text;
}

}  // namespace

FileAccess file_access(FileAccess::Kind kind, const std::filesystem::path& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {kind, path};
  return {kind, path, true, (found.st_mode & S_ISVTX) != 0, found.st_mode & 0777U};
}

Findings permission_findings(const std::vector<FileAccess>& files) {
  Findings out;
  for (const auto& file : files) {
    if (!file.exists) continue;
    const auto path = file.path.string();
    if (file.kind == FileAccess::Kind::configuration && (file.mode & kOthersWrite) != 0 && !file.sticky) {
      out.push_back({Severity::urgent, "permissions", path + " has mode " + octal(file.mode) + ": every user of this machine can change it",
                     "Let only its owner change it", "chmod o-w " + path});
    } else if (file.kind == FileAccess::Kind::state_directory && (file.mode & kOthersAll) != 0) {
      out.push_back(
          {Severity::warning, "permissions",
           "the state directory " + path + " has mode " + octal(file.mode) + ", expected 700: other users can see or change its files",
           "Let only the user of the gateway use it", "chmod 700 " + path});
    }
  }
  return out;
}

}  // namespace belfry::cli::doctor
