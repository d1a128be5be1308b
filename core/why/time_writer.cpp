#include "why/time_writer.hpp"

#include <utility>

namespace belfry::why {

std::string TimeWriter::at(base::Timestamp time) { return write(time, "on ", "at "); }

std::string TimeWriter::moment(base::Timestamp time) { return write(time, "", ""); }

std::string TimeWriter::moment_with_zone(base::Timestamp time) {
  abbreviation_.clear();
  return moment(time);
}

std::string TimeWriter::write(base::Timestamp time, const char* before_date, const char* before_clock) {
  const auto wall = time + wall_offset_;
  std::string out;
  if (auto date = zone_.date(wall); date != date_) {
    out = before_date + date + " ";
    date_ = std::move(date);
  }
  out += before_clock + zone_.clock(wall);
  if (auto abbreviation = zone_.abbreviation(wall); abbreviation != abbreviation_) {
    out += " " + abbreviation;
    abbreviation_ = std::move(abbreviation);
  }
  return out;
}

}  // namespace belfry::why
