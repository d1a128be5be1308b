// The files of a store as one commit left them. While a snapshot is held, nothing in them changes up to these sizes: the store only appends
// to the log. Thread rule: a value; `valid` from any thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>

namespace belfry::store {

struct Snapshot {
  std::filesystem::path file;
  std::uint64_t file_bytes = 0;
  std::filesystem::path log;
  std::uint64_t log_bytes = 0;  // 0: the file has everything
  // False: the store could not keep it (the log grew too large, the disk is full, the file was closed); what was read is worthless.
  std::shared_ptr<const std::atomic<bool>> valid;
};

}  // namespace belfry::store
