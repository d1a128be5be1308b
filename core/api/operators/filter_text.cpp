#include "api/operators/filter_text.hpp"

#include <algorithm>
#include <charconv>

#include "api/operators/responses.hpp"
#include "api/operators/text_rules.hpp"

namespace belfry::api {
namespace {

constexpr std::string_view kFormat = "1-";
constexpr std::size_t kMaxEvent = 200;

// Times before 1970 would wrap around in the store.
constexpr base::Timestamp kEarliest{};

std::vector<std::string> state_names() {
  using enum store::ListedState;
  std::vector<std::string> names;
  for (const auto state : {waiting, in_flight, backoff, held, delivered, rejected, expired, discarded, dead})
    names.emplace_back(to_string(state));
  return names;
}

std::optional<base::Millis> read_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end + 1 != text.data() + text.size() || number < 0) return std::nullopt;
  constexpr std::int64_t kMaxNumber = 1'000'000;
  number = std::min(number, kMaxNumber);
  switch (*end) {
    case 's': return std::chrono::seconds(number);
    case 'm': return std::chrono::minutes(number);
    case 'h': return std::chrono::hours(number);
    case 'd': return std::chrono::days(number);
    default: return std::nullopt;
  }
}

}  // namespace

base::Result<base::Timestamp> read_since(const std::string& text, base::Timestamp now) {
  if (const auto time = base::from_rfc3339(text)) return std::max(*time, kEarliest);
  if (const auto ago = read_duration(text)) return std::max(now - *ago, kEarliest);
  return invalid_input("since is " + in_quotes(text) +
                       "; write how long ago, such as 2d, 36h or 90m, or a point in time in UTC such as 2026-01-31T09:00:00Z");
}

base::Result<store::Filter> read_filter(const FilterText& text, const std::vector<std::string>& sinks, base::Timestamp now) {
  store::Filter filter;
  if (text.state) {
    filter.state = store::listed_state(*text.state);
    if (!filter.state) return invalid_input("state is " + in_quotes(*text.state) + "; the states are " + listed(state_names()));
  }
  if (text.sink) {
    filter.sink = *text.sink;
    if (std::ranges::find(sinks, filter.sink) == sinks.end())
      return invalid_input("there is no sink " + in_quotes(filter.sink) +
                           (sinks.empty() ? std::string("; there are no sinks") : "; the sinks are " + listed(sinks)));
  }
  if (text.to) {
    filter.email = *text.to;
    if (!is_email(filter.email)) return invalid_input(email_problem(filter.email));
  }
  if (text.event) {
    filter.event = *text.event;
    if (filter.event.size() > kMaxEvent)
      return invalid_input("event has " + std::to_string(filter.event.size()) + " bytes; write the name of a notification, at most " +
                           std::to_string(kMaxEvent));
  }
  if (text.since) {
    const auto since = read_since(*text.since, now);
    if (!since) return std::unexpected(since.error());
    filter.since = *since;
  }
  return filter;
}

std::string write_cursor(char kind, std::uint64_t position) { return kind + std::string(kFormat) + std::to_string(position); }

base::Result<std::uint64_t> read_cursor(char kind, const std::string& text) {
  constexpr std::uint64_t kMaxPosition = INT64_MAX;
  const auto prefix = kind + std::string(kFormat);
  std::uint64_t position = 0;
  const auto* begin = text.data() + std::min(text.size(), prefix.size());
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), position);
  const bool complete = error == std::errc() && end == text.data() + text.size() && *begin != '+';
  if (text.starts_with(prefix) && complete && position > 0 && position <= kMaxPosition) return position;
  return invalid_input("cursor " + in_quotes(text) + " comes from another version or another listing; list again from the start");
}

}  // namespace belfry::api
