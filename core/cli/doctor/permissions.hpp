// Findings about the owners and modes of the configuration and of the state directory. Pure, except that file_access() reads the file
// system.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <vector>

#include "cli/doctor/finding.hpp"

namespace belfry::cli::doctor {

struct FileAccess {
  enum class Kind { configuration, state_directory };
  Kind kind = Kind::configuration;
  std::filesystem::path path;
  bool exists = false;
  bool sticky = false;  // a directory in which only owners may replace files
  mode_t mode = 0;      // permission bits
};

[[nodiscard]] FileAccess file_access(FileAccess::Kind kind, const std::filesystem::path& path);

[[nodiscard]] Findings permission_findings(const std::vector<FileAccess>& files);

}  // namespace belfry::cli::doctor
