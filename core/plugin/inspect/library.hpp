// Finds plugin files and loads private copies of them (private_copy.hpp).
// Thread rule: any thread.
#pragma once
#include <belfry/plugin.h>

#include <filesystem>
#include <vector>

#include "base/error.hpp"

namespace belfry::plugin {

// Lists the `*.so` files of a directory, sorted by name. A `lib*.so` file counts only if it exports the entry function: the others are
// libraries that plugins link. Empty when the directory is absent. The error for a directory that others may write to includes the command
// that fixes it.
[[nodiscard]] base::Result<std::vector<std::filesystem::path>> list_plugins(const std::filesystem::path& directory);

// Loads a private copy for the life of the process and returns its entry function. Errors refer to the file as `name`.
[[nodiscard]] base::Result<belfry_plugin_entry_fn> load_entry(const std::filesystem::path& copy, const std::string& name);

}  // namespace belfry::plugin
