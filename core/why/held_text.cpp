#include "why/held_text.hpp"

namespace belfry::why {
namespace {

constexpr std::string_view kUntil = " until ";
constexpr std::size_t kDateLength = std::string_view("2026-12-02").size();
constexpr std::size_t kMinuteLength = std::string_view("2026-12-02 07:00").size();

}  // namespace

std::string held_text(const std::string& recorded, const Context& context, TimeWriter& times) {
  const auto until = recorded.rfind(kUntil);
  const auto open = recorded.rfind(" (");
  if (until == std::string::npos || open == std::string::npos || open < until || !recorded.ends_with(')')) return recorded;
  const auto begin = until + kUntil.size();
  const auto wall = base::from_rfc3339(recorded.substr(begin, open - begin));
  const auto in_zone = recorded.substr(open + 2, recorded.size() - open - 3);
  if (!wall || in_zone.size() <= kMinuteLength) return recorded;

  const auto before = recorded.substr(0, begin);
  const auto date = context.zone.date(*wall);
  const auto minute = date + " " + context.zone.clock(*wall).substr(0, kMinuteLength - kDateLength - 1);
  if (in_zone.starts_with(minute + " ")) return before + times.moment(*wall - context.wall_offset);
  const bool same_date = in_zone.starts_with(date + " ");
  return before + times.moment_with_zone(*wall - context.wall_offset) + " (" + in_zone.substr(same_date ? kDateLength + 1 : 0) + ")";
}

}  // namespace belfry::why
