#include "cli/local_time.hpp"

#include "base/time_zone.hpp"

namespace belfry::cli {

std::string local_time(base::Timestamp time) {
  static const auto kZone = base::TimeZone::of_machine();
  return kZone.date(time) + " " + kZone.clock(time) + " " + kZone.abbreviation(time);
}

std::string local_time(const std::string& rfc3339) {
  const auto time = base::from_rfc3339(rfc3339);
  return time ? local_time(*time) : rfc3339;
}

}  // namespace belfry::cli
