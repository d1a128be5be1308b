// Plugin files: finding and loading them. What is loaded is a private copy (private_copy.hpp).
// Thread rule: any thread.
#pragma once
#include <belfry/plugin.h>

#include <filesystem>
#include <vector>

#include "base/error.hpp"

namespace belfry::plugin {

// The `*.so` of a directory by name. A directory that is not there holds none. The error says how to mend a directory that others may
// write to.
[[nodiscard]] base::Result<std::vector<std::filesystem::path>> list_plugins(const std::filesystem::path& directory);

// Loads a private copy, for the life of the process, and gives its entry function. `name` is what the error calls the file.
[[nodiscard]] base::Result<belfry_plugin_entry_fn> load_entry(const std::filesystem::path& copy, const std::string& name);

}  // namespace belfry::plugin
