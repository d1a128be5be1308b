// Writes files together: all of them, each complete, or none.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace belfry::cli {

struct NewFile {
  std::filesystem::path path;
  std::string text;
  mode_t mode = 0600;
  std::optional<gid_t> group = std::nullopt;  // none: the group of the process
};

// Writes each file beside its target and moves the files into place once all of them are on disk, so that nobody ever reads a partial file.
// Replaces an existing file only with `replace`; otherwise nothing is written, and the error names the existing files.
[[nodiscard]] base::Result<void> write_new_files(const std::vector<NewFile>& files, bool replace);

}  // namespace belfry::cli
