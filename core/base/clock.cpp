#include "base/clock.hpp"

#include <array>
#include <cstdio>
#include <string_view>

namespace belfry::base {

Timestamp SystemClock::now() const { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }

SteadyTime SystemClock::steady() const { return std::chrono::steady_clock::now(); }

Timestamp ManualClock::now() const { return Timestamp(Millis(now_ms_.load())); }

SteadyTime ManualClock::steady() const { return SteadyTime(Millis(now_ms_.load())); }

std::string to_rfc3339(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

std::optional<Timestamp> from_rfc3339(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int milli = 0;
  int used = 0;
  // NOLINTNEXTLINE(cert-err34-c): each number has a width, and the rest is checked
  if (std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &used) != 6) return std::nullopt;
  auto rest = std::string_view(text).substr(static_cast<std::size_t>(used));
  if (rest.size() == 5 && rest[0] == '.') {
    for (const char c : rest.substr(1, 3)) {
      if (c < '0' || c > '9') return std::nullopt;
      milli = milli * 10 + (c - '0');
    }
    rest.remove_prefix(4);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (rest != "Z" || !date.ok() || hour > 23 || minute > 59 || second > 59 || hour < 0 || minute < 0 || second < 0) return std::nullopt;
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second) +
         Millis(milli);
}

std::string to_string(Millis duration) {
  struct Unit {
    std::int64_t millis;
    const char* suffix;
  };
  constexpr std::array<Unit, 5> kUnits{{{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}, {1, "ms"}}};
  if (duration.count() == 0) return "0s";
  for (const auto& unit : kUnits) {
    if (duration.count() % unit.millis == 0) return std::to_string(duration.count() / unit.millis) + unit.suffix;
  }
  return std::to_string(duration.count()) + "ms";
}

}  // namespace belfry::base
