// Copies of a store's file: while a gateway uses it (from a snapshot that its store holds), or while none does.
#pragma once
#include <functional>

#include "store/snapshot.hpp"
#include "store/store.hpp"

namespace belfry::store {

// Reads the snapshot into `file`, which must not exist; `copied` is called as soon as the snapshot is not needed any more, in any case.
// Blocks. Nothing is left behind when it fails. `stop`: gives up soon after it becomes true.
[[nodiscard]] base::Result<Backup> write_backup(const Snapshot& snapshot, const std::filesystem::path& file, base::Timestamp now,
                                                const std::atomic<bool>& stop, const std::function<void()>& copied);

// A backup of a file that no gateway uses; it stays locked meanwhile, and unchanged. Refused as a start would be refused.
[[nodiscard]] base::Result<Backup> backup_unused(const std::filesystem::path& source, const std::filesystem::path& file,
                                                 base::Timestamp now);

// What a backup, or a store that no gateway uses, is. Changes nothing. Refused as a start would be refused.
struct Inspected {
  std::uint64_t bytes = 0;
  std::uint64_t waiting = 0;                 // deliveries that are not finished
  std::optional<base::Timestamp> backup_of;  // when it was taken; none: it is no backup, or has been started from
};
[[nodiscard]] base::Result<Inspected> inspect_file(const std::filesystem::path& file);

}  // namespace belfry::store
