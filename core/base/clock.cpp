#include "base/clock.hpp"

#include <array>
#include <cstdio>

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
