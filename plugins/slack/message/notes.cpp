#include "slack/message/notes.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <ranges>

#include "slack/message/parts.hpp"
#include "slack/text/link.hpp"
#include "slack/text/mrkdwn.hpp"
#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

constexpr std::size_t kNameLimit = 60;

// Less than half of kNotesTotal.
constexpr std::size_t kNoteLinkLimit = 500;

std::string to_mrkdwn(std::string_view clean) { return render({.prefix = {}, .spans = {{std::string(clean), {}, {}}}}); }

// docs.slack.dev, formatting message text, "Date formatting": clients without support for the token show the text after the bar.
std::string date(Timestamp at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  const auto calendar = static_cast<std::time_t>(seconds);
  std::tm utc = {};
  gmtime_r(&calendar, &utc);
  std::array<char, 32> shown = {};
  std::strftime(shown.data(), shown.size(), "%Y-%m-%d %H:%M UTC", &utc);
  return "<!date^" + std::to_string(seconds) + "^{date_short_pretty} at {time}|" + shown.data() + ">";
}

// Slack would refuse the message because of a time far from the present.
bool is_plausible(Timestamp at) {
  return at > Timestamp(std::chrono::sys_days{std::chrono::year(2000) / 1 / 1}) &&
         at < Timestamp(std::chrono::sys_days{std::chrono::year(3000) / 1 / 1});
}

std::string dates(const Message& message) {
  const auto [first, last] = std::ranges::minmax(message.items(), {}, &Item::received_at);
  if (!is_plausible(first.received_at) || !is_plausible(last.received_at)) return {};
  const bool same = last.received_at - first.received_at < std::chrono::minutes(1);
  return same ? date(last.received_at) : date(first.received_at) + " – " + date(last.received_at);
}

}  // namespace

std::string omitted_note(std::size_t count, const std::string& what) {
  return std::to_string(count) + " more " + what + (count == 1 ? " is" : "s are") + " not shown.";
}

std::string shortened_note(const Item& item, const RenderOptions& options) {
  std::string note = "This text is shortened: Slack takes no more.";
  for (const Action& action : item.actions | std::views::take(kMaxActions)) {
    const auto url = safe_url(action.url, options.coder_url);
    if (!url || !is_web_url(*url)) continue;
    const std::string link = render({.spans = link_spans(label_of(action), *url, {})});
    if (length(link) > kNoteLinkLimit) continue;
    note.append(" ").append(link);
    break;
  }
  return note;
}

std::string footer(const Message& message, const RenderOptions& options) {
  if (!options.footer) return {};
  std::string text;
  const auto add = [&text](std::string_view part) {
    if (!part.empty()) text.append(text.empty() ? "" : " · ").append(part);
  };
  if (message.kind() == Message::Kind::notification) {
    const Item& item = message.item();
    add(severity_of(item, options).name);
    const std::string name = clean_line(item.name, kReadLimit);
    if (name != title_of(item)) add(to_mrkdwn(shorten(name, kNameLimit)));
  }
  add(dates(message));
  return text;
}

std::string for_person(const Preamble& preamble) {
  const std::string name = shorten(clean_line(preamble.for_person, kReadLimit), kNameLimit);
  return name.empty() ? name : "For " + name;
}

std::string preamble_line(const Preamble& preamble) {
  std::string line = to_mrkdwn(for_person(preamble));
  if (!preamble.mention.empty()) line.append(line.empty() ? "" : " ").append(preamble.mention);
  return line;
}

}  // namespace belfry::slack
