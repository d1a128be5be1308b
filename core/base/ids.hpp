// Identifiers of notifications, deliveries and claims.
#pragma once
#include <string>

#include "base/clock.hpp"

namespace belfry::base {

// Returns a new UUID of version 7 (RFC 9562), 36 characters. Sorts by time, so that new rows go to the end of an index.
// Throws std::system_error if the kernel supplies no random bytes. Thread rule: any thread.
[[nodiscard]] std::string new_id(Timestamp now);

// Returns `bytes` random bytes in lower-case hexadecimal, two characters each.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace belfry::base
