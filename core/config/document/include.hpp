// `include`: reads the files that the main file names.
#pragma once
#include <filesystem>
#include <vector>

#include "base/fingerprint.hpp"
#include "config/document/value.hpp"

namespace belfry::config {

inline constexpr std::size_t kMaxIncludedFiles = 256;

// Returns the tree of the main file merged with the trees of its included files; `main` itself when it includes none. Fills `files` as
// Settings::files promises, even when there are problems. Adds the included texts to `texts`.
[[nodiscard]] yaml::NodePtr load_includes(const Context& context, const yaml::NodePtr& main, std::vector<std::filesystem::path>& files,
                                          base::Fingerprint& texts);

}  // namespace belfry::config
