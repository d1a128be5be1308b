// The copy of a plugin file that is loaded in its place: STORE/SHA256.so. Replacing or truncating the original afterwards touches nothing
// that was loaded.
// Several processes may use one store at the same time: a copy is locked (flock, shared) for as long as somebody holds it, and the
// directory while copies are made or removed. Where the file system has no such locks nothing is ever removed.
// Thread rule: any thread.
#pragma once
#include <filesystem>
#include <memory>

#include "base/error.hpp"

namespace belfry::plugin {

class Descriptor;

struct PrivateCopy {
  std::filesystem::path path;
  std::shared_ptr<const Descriptor> hold;  // while anybody has it, the copy stays
};

// Copies a file that is to be trusted, unless its copy is there already. `store` is created with mode 0700.
[[nodiscard]] base::Result<PrivateCopy> private_copy(const std::filesystem::path& file, const std::filesystem::path& store);

// Removes the copies that nobody holds, in this process or another, and what a crash left half written. How many files went.
std::size_t remove_unused_copies(const std::filesystem::path& store);

}  // namespace belfry::plugin
