// Checks whether a file can be used as a store, without changing anything on disk: the file, its log, their times or the directory.
#pragma once
#include <memory>

#include "store/sqlite/connection.hpp"

namespace belfry::store::sqlite {

// Bytes of a write-ahead log before its first frame: a log of this size is empty (sqlite.org/fileformat.html).
inline constexpr std::uint64_t kWalHeader = 32;

// Returns a connection that holds the lock on the file, has written nothing, and keeps the log when it closes. Throws MediumFailure, one
// sentence: used by another process, no permission, not a Belfry database, a newer version, damaged, a log that belongs to another file, an
// unreadable disk. The file must exist.
[[nodiscard]] std::unique_ptr<Connection> open_vetted(const std::filesystem::path& file);

// Throws if the path has no database but the log of one: creating an empty database would destroy the contents of that log.
void check_vacant(const std::filesystem::path& file);

// Opens the file alone, for a backup: vetted, and locked against a gateway for the life of the connection. It must have no log, or an
// empty one.
[[nodiscard]] std::unique_ptr<Connection> open_immutable_vetted(const std::filesystem::path& file);

// Throws what a start with this file would throw before it writes anything; the file need not exist. Locks the file for as long as it reads
// it. Not for a file that is in use in this process.
void check_acceptable(const std::filesystem::path& file);

// In bytes; 0: the file does not exist.
[[nodiscard]] std::uint64_t size_of(const std::filesystem::path& file);

}  // namespace belfry::store::sqlite
