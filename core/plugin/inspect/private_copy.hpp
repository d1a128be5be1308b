// The copy of a plugin file that is loaded in its place: STORE/SHA256.so. Replacing or truncating the original afterwards does not affect
// loaded code.
// Several processes may share a store: a copy is locked (flock, shared) while it is held, and the directory is locked while copies are made
// or removed. On a file system without such locks nothing is ever removed.
// Thread rule: any thread.
#pragma once
#include <filesystem>
#include <memory>

#include "base/error.hpp"

namespace belfry::plugin {

class Descriptor;

struct PrivateCopy {
  std::filesystem::path path;
  std::shared_ptr<const Descriptor> hold;  // keeps the copy from being removed
};

// Copies a trusted file, unless its copy exists already. Creates `store` with mode 0700.
[[nodiscard]] base::Result<PrivateCopy> private_copy(const std::filesystem::path& file, const std::filesystem::path& store);

// Removes the copies that no process holds, and the half-written files of a crash. Returns the number of files removed.
std::size_t remove_unused_copies(const std::filesystem::path& store);

}  // namespace belfry::plugin
