// The files of a store as of one commit. While a snapshot is held, the store only appends to the log: up to these sizes, the contents of
// both files stay the same.
// Thread rule: a value; `valid` may be read from any thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>

namespace belfry::store {

struct Snapshot {
  std::filesystem::path file;
  std::uint64_t file_bytes = 0;
  std::filesystem::path wal;
  std::uint64_t wal_bytes = 0;  // 0: the database file is complete
  // False: the store had to drop the snapshot (the log grew too large, the disk is full, the file was closed); discard the copy.
  std::shared_ptr<const std::atomic<bool>> valid;
};

}  // namespace belfry::store
