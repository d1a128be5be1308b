// For a store without a record of the latest deliveries, because it was restored from a backup or its log has lost commits: every
// unfinished delivery may have been sent.
#pragma once
#include "store/sqlite/connection.hpp"

namespace belfry::store::sqlite {

// Marks the file as a backup taken at `taken_at`, with a new generation, so that no stale log belongs to it. In a transaction.
void stamp_as_backup(Connection& connection, base::Timestamp taken_at);
// When the backup was taken; none: the file is not a backup, or a gateway has started from it.
[[nodiscard]] std::optional<base::Timestamp> backup_taken_at(Connection& connection);

// Puts every unfinished delivery in doubt: a sink that can look for it does so before sending; otherwise it is sent, marked as a possible
// duplicate. Closes open digests, so that nothing new joins one that may have been sent.
// Returns the number of deliveries. In a transaction.
std::size_t put_in_doubt(Connection& connection, base::Timestamp since, base::Timestamp now);

}  // namespace belfry::store::sqlite
