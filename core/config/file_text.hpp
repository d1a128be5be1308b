// What a configuration file holds, before anyone looks at it.
#pragma once
#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace belfry::config {

// At most one byte more than yaml::kMaxBytes: enough to see that it is too much. The error is the system's word, "Permission denied".
[[nodiscard]] base::Result<std::string> file_text(const std::filesystem::path& file);

// The same of one that the configuration names. The error continues a sentence and says what to do: "does not exist; create it, ...".
[[nodiscard]] base::Result<std::string> named_file_text(const std::filesystem::path& file);

}  // namespace belfry::config
