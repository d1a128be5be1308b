// Identifiers of notifications, deliveries and claims.
#pragma once
#include <string>

#include "base/clock.hpp"

namespace belfry::base {

// A fresh UUID of version 7 (RFC 9562): 36 characters, sorts by time, so that new rows are appended to an index.
// Thread rule: any thread. Throws std::system_error when the kernel gives no random bytes.
[[nodiscard]] std::string new_id(Timestamp now);

// `bytes` random bytes as lower-case hexadecimal, twice as many characters.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace belfry::base
