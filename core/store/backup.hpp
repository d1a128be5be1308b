// Backs up a store's file: from a snapshot while a gateway uses it, or directly when none does.
#pragma once
#include <functional>

#include "store/snapshot.hpp"
#include "store/store.hpp"

namespace belfry::store {

// Copies the snapshot to `file`, which must not exist. Always calls `copied`, as soon as the snapshot is no longer needed. Blocks. Leaves
// no file behind on failure. Cancellation: fails soon after `stop` becomes true.
[[nodiscard]] base::Result<Backup> write_backup(const Snapshot& snapshot, const std::filesystem::path& file, base::Timestamp now,
                                                const std::atomic<bool>& stop, const std::function<void()>& copied);

// Backs up a file that no gateway uses. The source stays locked meanwhile, and unchanged. Fails where a start would fail.
[[nodiscard]] base::Result<Backup> backup_offline(const std::filesystem::path& source, const std::filesystem::path& file,
                                                  base::Timestamp now);

// Describes a backup, or a store that no gateway uses, without changing it. Fails where a start would fail.
struct StoreFileInfo {
  std::uint64_t bytes = 0;
  std::uint64_t waiting = 0;                 // unfinished deliveries
  std::optional<base::Timestamp> backup_of;  // when the backup was taken; none: not a backup, or a gateway has started from it
};
[[nodiscard]] base::Result<StoreFileInfo> inspect_file(const std::filesystem::path& file);

}  // namespace belfry::store
