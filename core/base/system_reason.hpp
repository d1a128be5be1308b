// Why a call of the operating system failed, in words.
#pragma once
#include <cerrno>
#include <string>

namespace belfry::base {

// "Permission denied". A disk without room comes with what to do: "No space left on device; free some space there".
// Thread rule: any thread.
[[nodiscard]] std::string system_reason(int error = errno);

}  // namespace belfry::base
