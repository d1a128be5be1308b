#include "base/time_zone.hpp"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <fstream>
#include <sstream>

namespace belfry::base {

struct TimeZone::Rules {
  absl::TimeZone zone;
};

namespace {

constexpr const char* kList = "/usr/share/zoneinfo/tzdata.zi";

absl::Time to_absl(Timestamp time) { return absl::FromChrono(time); }

Timestamp from_absl(absl::Time time) { return Timestamp(Millis(absl::ToUnixMillis(time))); }

}  // namespace

TimeZone::TimeZone() : rules_(std::make_shared<const Rules>(Rules{absl::UTCTimeZone()})) {}

Result<TimeZone> TimeZone::find(const std::string& name) {
  absl::TimeZone zone;
  // Abseil accepts paths too.
  const bool is_name = !name.empty() && name.front() != '/' && name.find("..") == std::string::npos && !name.starts_with("file:");
  if (!is_name || !absl::LoadTimeZone(name, &zone)) {
    return fail(ErrorCode::invalid, "there is no time zone \"" + name +
                                        "\"; write one such as Europe/Berlin or UTC, and see that the package tzdata is installed");
  }
  TimeZone out;
  out.rules_ = std::make_shared<const Rules>(Rules{zone});
  return out;
}

TimeZone TimeZone::of_machine() {
  TimeZone out;
  out.rules_ = std::make_shared<const Rules>(Rules{absl::LocalTimeZone()});
  return out;
}

std::string TimeZone::name() const { return rules_->zone.name(); }

std::string TimeZone::date(Timestamp time) const { return absl::FormatTime("%Y-%m-%d", to_absl(time), rules_->zone); }

std::string TimeZone::clock(Timestamp time) const { return absl::FormatTime("%H:%M:%S", to_absl(time), rules_->zone); }

std::string TimeZone::abbreviation(Timestamp time) const { return absl::FormatTime("%Z", to_absl(time), rules_->zone); }

// Lines of zic(8): "Z NAME ..." is a zone, "L TARGET NAME" is an alias.
std::vector<std::string> TimeZone::names() {
  std::vector<std::string> out;
  std::ifstream list(kList);
  for (std::string line; std::getline(list, line);) {
    std::istringstream words(line);
    std::string kind, first, second;
    words >> kind >> first >> second;
    if (kind == "Z") out.push_back(std::move(first));
    if (kind == "L") out.push_back(std::move(second));
  }
  return out;
}

TimeZone::Local TimeZone::local(Timestamp time) const {
  const auto there = rules_->zone.At(to_absl(time)).cs;
  const int from_monday = static_cast<int>(absl::GetWeekday(there));  // 0 is Monday
  return {(from_monday + 1) % 7, there.hour() * 60 + there.minute()};
}

Timestamp TimeZone::at(Timestamp time, int days, int minute) const {
  const auto day = absl::CivilDay(rules_->zone.At(to_absl(time)).cs) + days;
  const auto found = rules_->zone.At(absl::CivilSecond(day.year(), day.month(), day.day(), minute / 60, minute % 60, 0));
  return from_absl(found.kind == absl::TimeZone::TimeInfo::SKIPPED ? found.trans : found.pre);
}

Timestamp TimeZone::next(Timestamp time, int minute) const {
  for (int days = 0; days < 2; ++days) {
    if (const auto found = at(time, days, minute); found > time) return found;
  }
  return at(time, 2, minute);
}

}  // namespace belfry::base
