// What a file looks like from outside, to see whether it has changed since it was read.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>

namespace belfry::base {

// Files with equal stamps hold the same. All zero: it is not there.
struct FileStamp {
  dev_t device{};
  ino_t inode{};
  off_t size{};
  std::int64_t modified_ns{}, changed_ns{};
  bool operator==(const FileStamp&) const = default;
};

// Of what the path leads to.
[[nodiscard]] FileStamp stamp_of(const std::filesystem::path& file);

}  // namespace belfry::base
