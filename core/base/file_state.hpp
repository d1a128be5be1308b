// Whether a file is there, without mistaking one that cannot be seen for one that does not exist.
// Thread rule: any thread.
#pragma once
#include <filesystem>
#include <string>

namespace belfry::base {

struct FileState {
  enum class Kind {
    absent,  // not there, in a directory that can be searched or that is not there either
    file,
    directory,
    device,  // or a pipe or a socket: reading it may wait
    broken,  // it may be there: a directory on the way cannot be searched, a link leads nowhere, the disk fails
  };
  Kind kind = Kind::absent;
  bool denied = false;  // broken for lack of permission
  std::string why;      // of broken: "Permission denied (user 993 may not search /etc/belfry)"
  std::filesystem::perms permissions{};

  [[nodiscard]] bool absent() const { return kind == Kind::absent; }
};

// Of what the path leads to. Follows symbolic links; one that leads nowhere is broken, also when it is a directory on the way.
[[nodiscard]] FileState state_of(const std::filesystem::path& path);

}  // namespace belfry::base
