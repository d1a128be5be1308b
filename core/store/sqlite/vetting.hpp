// Whether a file may be used as a store, found out without changing anything on disk: not the file, its log, their times, nor the
// directory.
#pragma once
#include <memory>

#include "store/sqlite/connection.hpp"

namespace belfry::store::sqlite {

// Bytes of a write-ahead log before its first frame: one that is no longer holds nothing (sqlite.org/fileformat.html).
inline constexpr std::uint64_t kLogHeader = 32;

// A connection that has the file locked and has written nothing; it keeps the log when it is closed. Throws MediumFailure with one
// sentence: used by another process, no permission, not a Belfry database, a newer version, damaged, a log that belongs to another file,
// a disk that cannot be read. The file must exist.
[[nodiscard]] std::unique_ptr<Connection> open_vetted(const std::filesystem::path& file);

// Refuses a path that has no database but the log of one: making an empty database would destroy what is in it.
void check_vacant(const std::filesystem::path& file);

// The file alone, for a backup: locked against a gateway while the connection lives, and vetted. The file has no log, or an empty one.
[[nodiscard]] std::unique_ptr<Connection> open_frozen_vetted(const std::filesystem::path& file);

// Bytes; 0 when it is not there.
[[nodiscard]] std::uint64_t size_of(const std::filesystem::path& file);

}  // namespace belfry::store::sqlite
