// Files that are made together: all of them, each whole, or none.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace belfry::app {

struct NewFile {
  std::filesystem::path path;
  std::string text;
  mode_t mode = 0600;
  std::optional<gid_t> group = std::nullopt;  // none: that of the process
};

// Each is written beside its place and put there when all are on disk, so that nobody ever reads half a file. One that is there already is
// replaced only with `replace`; otherwise nothing is written, and the error names it.
[[nodiscard]] base::Result<void> write_new_files(const std::vector<NewFile>& files, bool replace);

}  // namespace belfry::app
