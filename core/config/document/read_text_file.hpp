// Reads the raw text of configuration files.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace belfry::config {

// Reads at most yaml::kMaxBytes + 1 bytes, enough for the parser to detect a file that is too large. The error continues a sentence and
// includes advice: "cannot be read: Permission denied; let the user ...". `absent` is the error for a file that does not exist.
[[nodiscard]] base::Result<std::string> read_text_file(const std::filesystem::path& file, std::string_view absent);

// The same for a file that the configuration names. The error for a missing file is "does not exist; create it, ...".
[[nodiscard]] base::Result<std::string> read_named_file(const std::filesystem::path& file);

}  // namespace belfry::config
