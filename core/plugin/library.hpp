// Plugin files: which may be trusted, the private copy that is loaded in their place, and loading.
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

// Copies a trusted file to STORE/SHA256.so and gives that path. Replacing or truncating the original afterwards touches nothing that
// was loaded. `store` is created with mode 0700.
[[nodiscard]] base::Result<std::filesystem::path> private_copy(const std::filesystem::path& file, const std::filesystem::path& store);

// Loads a private copy, for the life of the process, and gives its entry function. `name` is what the error calls the file.
[[nodiscard]] base::Result<belfry_plugin_entry_fn> load_entry(const std::filesystem::path& copy, const std::string& name);

}  // namespace belfry::plugin
