// What a store does that does not know what has been sent since it was as it is now: it was restored from a backup, or its log has lost
// commits. Everything that waits may have been sent.
#pragma once
#include "store/sqlite/connection.hpp"

namespace belfry::store::sqlite {

// Makes the file a backup as of `taken_at`: with a generation of its own, so that no log that lies about belongs to it. In a transaction.
void stamp_as_backup(Connection& connection, base::Timestamp taken_at);
// When the backup was taken that this file is; none: it is none, or has been started from already.
[[nodiscard]] std::optional<base::Timestamp> backup_taken_at(Connection& connection);

// Puts every unfinished delivery in doubt: a sink that can look does so before it sends; else it is sent marked as a possible duplicate.
// Open digests are closed, so that nothing new joins one that may have been sent. Gives the number of deliveries. In a transaction.
std::size_t put_in_doubt(Connection& connection, base::Timestamp since, base::Timestamp now);

}  // namespace belfry::store::sqlite
