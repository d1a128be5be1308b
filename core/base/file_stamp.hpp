// Metadata of a file, to detect whether it has changed since it was read.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>

namespace belfry::base {

// Files with equal stamps have equal content. All zero: the file is absent.
struct FileStamp {
  dev_t device{};
  ino_t inode{};
  off_t size{};
  std::int64_t modified_ns{}, changed_ns{};
  bool operator==(const FileStamp&) const = default;
};

// Follows symbolic links.
[[nodiscard]] FileStamp stamp_of(const std::filesystem::path& file);

}  // namespace belfry::base
