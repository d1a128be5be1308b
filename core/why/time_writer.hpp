// Writes the times of one paragraph. The date appears with the first time of each day, and the zone with the first time and where it
// changes (daylight saving).
// Thread rule: one thread. Call it in the order in which the times appear in the text.
#pragma once
#include <string>

#include "base/clock.hpp"
#include "base/time_zone.hpp"

namespace belfry::why {

class TimeWriter {
 public:
  TimeWriter(base::TimeZone zone, base::Millis wall_offset) : zone_(std::move(zone)), wall_offset_(wall_offset) {}

  // "on 2026-12-01 at 09:00:01 CET"; later that day "at 09:00:02".
  [[nodiscard]] std::string at(base::Timestamp time);
  // "2026-12-01 09:00:01 CET"; later that day "09:00:02".
  [[nodiscard]] std::string moment(base::Timestamp time);
  // The same, always with the zone: for a time that is followed by that of another zone.
  [[nodiscard]] std::string moment_with_zone(base::Timestamp time);

 private:
  [[nodiscard]] std::string write(base::Timestamp time, const char* before_date, const char* before_clock);

  base::TimeZone zone_;
  base::Millis wall_offset_;
  std::string date_;          // written last
  std::string abbreviation_;  // written last
};

}  // namespace belfry::why
