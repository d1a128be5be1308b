// Times of the admin API in readable form, in the time zone of the command. Thread rule: any thread.
#pragma once
#include <string>

#include "base/clock.hpp"

namespace belfry::cli {

// "2026-01-31 10:05:00 CET".
[[nodiscard]] std::string local_time(base::Timestamp time);

// The same for RFC 3339 text. Other text stays as it is.
[[nodiscard]] std::string local_time(const std::string& rfc3339);

}  // namespace belfry::cli
