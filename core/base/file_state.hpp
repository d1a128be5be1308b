// Checks whether a file exists, and distinguishes a missing file from one that cannot be accessed.
// Thread rule: any thread.
#pragma once
#include <filesystem>
#include <string>

namespace belfry::base {

struct FileState {
  enum class Kind {
    absent,  // does not exist, in a directory that can be searched or does not exist either
    file,
    directory,
    device,        // or a pipe or a socket: reading may block
    inaccessible,  // may exist: a directory on the path cannot be searched, a link is broken, or the disk fails
  };
  Kind kind = Kind::absent;
  bool denied = false;  // inaccessible for lack of permission
  std::string why;      // inaccessible: "Permission denied (user 993 may not search /etc/belfry)"
  std::filesystem::perms permissions{};

  [[nodiscard]] bool absent() const { return kind == Kind::absent; }
};

// Follows symbolic links. A broken link, even as a directory on the path, makes the file inaccessible.
[[nodiscard]] FileState state_of(const std::filesystem::path& path);

}  // namespace belfry::base
