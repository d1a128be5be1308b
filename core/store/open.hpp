// Opens a store.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "store/store.hpp"

namespace belfry::store {

// Called after every group commit, on the store's thread, with its duration and number of operations.
using CommitObserver = std::function<void(base::Millis took, std::size_t operations)>;

// Opens or creates the database file (mode 0600, in an existing directory), migrates its schema forward, ends the leases of an earlier
// process, and locks the file exclusively. Fails with one sentence if another process has the file, its schema is newer, it is not a Belfry
// database, or permissions are missing.
[[nodiscard]] base::Result<std::unique_ptr<Store>> open_sqlite(const std::filesystem::path& file, const base::Clock& clock,
                                                               base::Logger log, CommitObserver observer = {});

// Whether open_sqlite() would accept the file: the same checks with the same sentences, without a change on disk. A file that does not
// exist yet is accepted. A file that a gateway uses is reported as in use, and that gateway is not disturbed; one that starts meanwhile
// would find the file in use. Not for a file that is open in this process.
[[nodiscard]] base::Result<void> check_sqlite(const std::filesystem::path& file);

// The number of unfinished deliveries of each sink that has any, in a file that no gateway uses; empty if there is no file. Vets the file
// as check_sqlite() does, and changes nothing on disk.
[[nodiscard]] base::Result<std::map<std::string, std::uint64_t>> unfinished_by_sink(const std::filesystem::path& file);

// Keeps everything in memory; for tests.
[[nodiscard]] std::unique_ptr<Store> open_memory(const base::Clock& clock);

}  // namespace belfry::store
