// What a configuration file holds, before anyone looks at it.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace belfry::config {

// At most one byte more than yaml::kMaxBytes: enough to see that it is too much. The error continues a sentence and says what to do:
// "cannot be read: Permission denied; let the user ..."; `absent` is what to say of a file that does not exist.
[[nodiscard]] base::Result<std::string> file_text(const std::filesystem::path& file, std::string_view absent);

// The same of one that the configuration names: "does not exist; create it, ...".
[[nodiscard]] base::Result<std::string> named_file_text(const std::filesystem::path& file);

}  // namespace belfry::config
