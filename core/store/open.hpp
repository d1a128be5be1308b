// Opens a store.
#pragma once
#include <filesystem>
#include <memory>

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

// Keeps everything in memory; for tests.
[[nodiscard]] std::unique_ptr<Store> open_memory(const base::Clock& clock);

}  // namespace belfry::store
