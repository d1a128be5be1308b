// Makes the configured store.
#pragma once
#include <filesystem>
#include <memory>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "store/store.hpp"

namespace belfry::store {

// Observes every group commit: duration and number of operations in it. Called on the store's thread.
using CommitObserver = std::function<void(base::Millis took, std::size_t operations)>;

// Opens or creates the database file (0600, in a directory that exists), migrates its schema forward, and takes an exclusive lock on it:
// a second process is refused. Leases of an earlier process are ended. Refused with one sentence: a newer schema, a file that is
// no Belfry database, no permission.
[[nodiscard]] base::Result<std::unique_ptr<Store>> open_sqlite(const std::filesystem::path& file, const base::Clock& clock,
                                                               base::Logger log, CommitObserver observer = {});

// Nothing survives; for tests.
[[nodiscard]] std::unique_ptr<Store> open_memory(const base::Clock& clock);

}  // namespace belfry::store
