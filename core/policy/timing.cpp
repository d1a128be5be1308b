#include "policy/timing.hpp"

#include <algorithm>

namespace belfry::policy {
namespace {

constexpr int kDays = 7;

bool begins_on(const model::QuietHours& hours, int weekday) {
  return hours.days.empty() || std::ranges::find(hours.days, weekday) != hours.days.end();
}

std::optional<base::Timestamp> quiet_end_at(const model::QuietHours& hours, const base::TimeZone& zone, base::Timestamp now) {
  const int today = zone.local(now).weekday;
  // Quiet hours that include `now` began today or yesterday.
  for (const int day : {0, -1}) {
    if (!begins_on(hours, (today + day + kDays) % kDays)) continue;
    const auto begin = zone.at(now, day, hours.from);
    const auto end = zone.at(now, hours.to > hours.from ? day : day + 1, hours.to);
    if (begin <= now && now < end) return end;
  }
  return std::nullopt;
}

}  // namespace

// The gap between two quiet periods may fall into the hour that is skipped when clocks go forward: such periods count as one.
std::optional<base::Timestamp> quiet_until(const model::QuietHours& hours, const base::TimeZone& zone, base::Timestamp now) {
  auto end = quiet_end_at(hours, zone, now);
  if (!end) return end;
  while (const auto next = quiet_end_at(hours, zone, *end)) end = next;
  return end;
}

base::Timestamp digest_due(const model::DigestRule& digest, const base::TimeZone& zone, base::Timestamp now) {
  if (digest.window) return now + *digest.window;
  auto first = zone.next(now, digest.at.front());
  for (const int minute : digest.at) first = std::min(first, zone.next(now, minute));
  return first;
}

Due due(const model::Timing& timing, const Zones& zones, bool quiet_hours_hold, std::optional<base::Timestamp> ends_at,
        base::Timestamp now) {
  const auto& hours = timing.quiet_hours;
  const auto after_quiet_hours = [&](base::Timestamp at) {
    return hours && quiet_hours_hold ? quiet_until(*hours, zones.quiet_hours, at).value_or(at) : at;
  };
  const auto before_expiry = [&](base::Timestamp at) { return !ends_at || at < *ends_at; };

  Due out{.at = now};
  if (const auto at = after_quiet_hours(now); at > now && before_expiry(at)) {
    out.at = at;
    out.quiet = true;
  }
  if (timing.digest) {
    if (const auto at = after_quiet_hours(digest_due(*timing.digest, zones.digest, now)); before_expiry(at)) out.digest = at;
  } else if (timing.throttle) {
    if (const auto at = after_quiet_hours(now + timing.throttle->window); before_expiry(at)) out.overflow = at;
  }
  return out;
}

}  // namespace belfry::policy
