// Describes failed system calls.
#pragma once
#include <cerrno>
#include <string>

namespace belfry::base {

// Returns a text such as "Permission denied", with advice on a full disk: "No space left on device; free some space there".
// Thread rule: any thread.
[[nodiscard]] std::string errno_message(int error = errno);

}  // namespace belfry::base
