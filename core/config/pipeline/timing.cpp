#include "config/pipeline/timing.hpp"

#include <algorithm>

#include "base/closest_word.hpp"
#include "base/time_zone.hpp"
#include "config/document/suggest.hpp"
#include "config/pipeline/condition.hpp"
#include "config/pipeline/templates.hpp"

namespace belfry::config {
namespace {

using std::chrono::days;
using std::chrono::seconds;

constexpr Range<Millis> kWindow{seconds(1), days(7)};
constexpr Range<std::size_t> kThrottleRange{1, 10'000};
constexpr std::string_view kTimeForm = "a time of day in the form HH:MM, \"00:00\" to \"23:59\"";
constexpr std::string_view kZoneExample = "time_zone: Europe/Berlin";
constexpr std::string_view kRecipient = "recipient";
constexpr std::string_view kZoneList = "[recipient, Europe/Berlin]";
constexpr std::string_view kDays = "sun mon tue wed thu fri sat";

constexpr model::MinuteOfDay kNoTime = -1;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Returns kNoTime when it could not be read.
model::MinuteOfDay read_time(const Value& written) {
  const auto text = written.expanded(kTimeForm);
  if (!text) return kNoTime;
  const auto& t = text->text;
  if (t.size() == 5 && t[2] == ':' && is_digit(t[0]) && is_digit(t[1]) && is_digit(t[3]) && is_digit(t[4])) {
    const int hours = (t[0] - '0') * 10 + (t[1] - '0');
    const int minutes = (t[3] - '0') * 10 + (t[4] - '0');
    if (hours < 24 && minutes < 60) return hours * 60 + minutes;
  }
  written.expected(kTimeForm);
  return kNoTime;
}

// Suggests a zone for a misspelled name, or for a city without its continent.
std::string zone_suggestion(std::string_view written) {
  const auto names = base::TimeZone::names();
  std::vector<std::string_view> whole, places;
  for (const std::string_view name : names) {
    whole.push_back(name);
    places.push_back(name.substr(name.rfind('/') + 1));
  }
  auto meant = base::closest_word(written, whole);
  if (const auto place = meant.empty() ? base::closest_word(written, places) : ""; !place.empty())
    meant = whole[static_cast<std::size_t>(std::ranges::find(places, place) - places.begin())];
  if (!meant.empty()) return "; did you mean \"" + std::string(meant) + "\"?";
  return "; write one such as Europe/Berlin or UTC, and see that the package tzdata is installed";
}

// Returns none when it could not be read.
std::optional<std::string> read_zone_name(const Value& written) {
  auto name = written.text("the name of a time zone such as Europe/Berlin");
  if (!name) return std::nullopt;
  if (*name == kRecipient) {
    written.error("is " + written.described() + ", whose time zone is not always known; write " + std::string(kZoneList));
    return std::nullopt;
  }
  if (const auto found = base::TimeZone::find(*name); !found) {
    written.error("is " + written.described() + ", which is not a time zone on this machine" + zone_suggestion(*name));
    return std::nullopt;
  }
  return name;
}

std::optional<model::ZoneRule> read_zone(const Section& section) {
  const auto written = section.require("time_zone", kZoneExample);
  if (!written) return std::nullopt;
  if (written->node().kind != yaml::Node::Kind::list) {
    auto name = read_zone_name(*written);
    return name ? std::optional(model::ZoneRule{.name = std::move(*name)}) : std::nullopt;
  }
  const auto entries = written->entries(kZoneList);
  if (entries.empty()) return std::nullopt;
  const auto first = entries.front().expand();
  if (entries.size() != 2 || !first || first->text != kRecipient) {
    written->error("is not a list of `recipient` and a fallback time zone; write " + std::string(kZoneList));
    return std::nullopt;
  }
  auto name = read_zone_name(entries.back());
  return name ? std::optional(model::ZoneRule{.name = std::move(*name), .recipient = true}) : std::nullopt;
}

std::vector<int> read_days(const Value& written) {
  const auto known = split_words(kDays);
  std::vector<int> out;
  for (const auto& entry : written.entries("a list of days, such as [mon, tue, wed, thu, fri]")) {
    const auto name = entry.text("a day: sun, mon, tue, wed, thu, fri or sat");
    if (!name) continue;
    const auto found = std::ranges::find(known, *name);
    if (found == known.end()) {
      entry.error("is " + entry.described() + ", which is not a day" + suggestion(*name, known, "the days are"));
    } else if (const auto day = static_cast<int>(found - known.begin()); std::ranges::find(out, day) != out.end()) {
      entry.error("is listed twice; keep one");
    } else {
      out.push_back(day);
    }
  }
  return out;
}

}  // namespace

std::optional<model::QuietHours> read_quiet_hours(const Value& written, const std::vector<std::string_view>& sources) {
  const Section section(written, kQuietKeys);
  model::QuietHours out;
  const auto from = section.require("from", "from: \"22:00\"");
  const auto to = section.require("to", "to: \"07:00\"");
  const auto begin = from ? read_time(*from) : kNoTime;
  const auto end = to ? read_time(*to) : kNoTime;
  const auto zone = read_zone(section);
  if (const auto value = section.get("days")) out.days = read_days(*value);
  if (const auto value = section.get("except")) out.except = read_condition(*value, sources);
  if (begin == kNoTime || end == kNoTime || !zone) return std::nullopt;
  if (begin == end) {
    to->error("is " + to->described() + ", the same as `from`; write the time at which the quiet hours end");
    return std::nullopt;
  }
  out.from = begin;
  out.to = end;
  out.zone = *zone;
  return out;
}

std::optional<model::DigestRule> read_digest(const Value& written) {
  const Section section(written, kDigestKeys);
  model::DigestRule out;
  if (const auto value = section.get("key")) assign(out.key, read_key(*value, "the key to group by, such as \"{{name}}\""));
  const auto window = section.get("window");
  const auto at = section.get("at");
  if (window && at) {
    at->error("cannot be combined with window; keep one of the two");
    return std::nullopt;
  }
  if (window) {
    out.window = window->duration(kWindow);
    if (const auto zone = section.get("time_zone")) zone->error("has no effect without at; remove it");
    return out.window ? std::optional(out) : std::nullopt;
  }
  if (!at) {
    static_cast<void>(section.require("window", "window: 10m, or at: \"09:00\""));
    if (section.get("time_zone")) static_cast<void>(read_zone(section));
    return std::nullopt;
  }
  const auto zone = read_zone(section);
  if (at->node().kind == yaml::Node::Kind::list) {
    for (const auto& entry : at->entries("a list of times, such as [\"09:00\", \"16:00\"]")) {
      if (const auto minute = read_time(entry); minute != kNoTime) out.at.push_back(minute);
    }
  } else if (const auto minute = read_time(*at); minute != kNoTime) {
    out.at.push_back(minute);
  }
  if (!zone || out.at.empty()) return std::nullopt;
  out.zone = *zone;
  return out;
}

std::optional<model::ThrottleRule> read_throttle(const Value& written) {
  const Section section(written, kThrottleKeys);
  model::ThrottleRule out;
  if (const auto value = section.get("key")) assign(out.key, read_key(*value, "the key to group by, such as \"{{name}}\""));
  const auto limit = section.require("most", "most: 5");
  const auto window = section.require("window", "window: 1h");
  const auto count = limit ? limit->count(kThrottleRange) : std::nullopt;
  const auto length = window ? window->duration(kWindow) : std::nullopt;
  if (!count || !length) return std::nullopt;
  out.max_messages = static_cast<std::uint32_t>(*count);
  out.window = *length;
  return out;
}

}  // namespace belfry::config
