// `include`: the files that the main one names.
#pragma once
#include <filesystem>
#include <vector>

#include "config/value.hpp"

namespace belfry::config {

inline constexpr std::size_t kMaxIncludedFiles = 256;

// The tree of the main file together with those of the files that it includes, or itself when it includes none. `files` becomes what
// Settings::files promises, also when there are problems.
[[nodiscard]] yaml::NodePtr with_included(const Context& context, const yaml::NodePtr& main, std::vector<std::filesystem::path>& files);

}  // namespace belfry::config
