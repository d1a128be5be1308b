#include "slack/parts.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <ranges>
#include <utility>

#include "slack/host.hpp"
#include "slack/link.hpp"
#include "slack/mrkdwn.hpp"
#include "slack/text.hpp"

namespace belfry::slack {
namespace {

constexpr std::size_t kButtonTextLimit = 75;
constexpr std::size_t kNameLimit = 60;

// What is read of a title or body is bounded so that the strand is not held up by a megabyte of Markdown.
constexpr std::size_t kReadLimit = 12'000;

// A line that was read in part, of a table or a command for instance, is left out when it is not long.
constexpr std::size_t kLastLine = 1'000;

// Half of what the notes have.
constexpr std::size_t kNoteLinkLimit = 500;

constexpr auto kSeverities = std::to_array<std::pair<std::string_view, Severity>>(
    {{"info", {"ℹ️", "Info"}}, {"warning", {"⚠️", "Warning"}}, {"error", {"❌", "Error"}}, {"critical", {"🚨", "Critical"}}});

// Ends where a reader would have cut it.
Cleaned read(std::string_view raw) {
  Cleaned text = clean(raw, kReadLimit);
  if (!text.cut) return text;
  const std::size_t line = text.text.rfind('\n');
  const bool near = line != std::string::npos && text.text.size() - line <= kLastLine;
  // What follows is not known: the text goes on with a letter.
  const std::size_t word = near ? line : word_position(text.text + "x", text.text.size());
  // One that is all the text there is says nothing whole, but more than nothing.
  text.text.resize(word > 0 ? word : cut_position(text.text + "x", text.text.size()));
  return text;
}

std::string as_text(std::string_view clean) { return render({.prefix = {}, .spans = {{std::string(clean), {}, {}}}}); }

// docs.slack.dev, formatting message text, "Date formatting": what stands after the bar is for clients that do not know the token.
std::string date(Timestamp at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  const auto calendar = static_cast<std::time_t>(seconds);
  std::tm utc = {};
  gmtime_r(&calendar, &utc);
  std::array<char, 32> shown = {};
  std::strftime(shown.data(), shown.size(), "%Y-%m-%d %H:%M UTC", &utc);
  return "<!date^" + std::to_string(seconds) + "^{date_short_pretty} at {time}|" + shown.data() + ">";
}

// One that names another host gives way to the host; the end of a long one would be cut off, and says the most.
std::string button_label(const std::string& label, std::string_view url) {
  if (!names_another_host(label, url)) return label;
  const std::string honest = "Open " + std::string(authority_of(url));
  return length(honest) <= kButtonTextLimit ? honest : "Open";
}

// A time that no clock of a gateway has shown would make Slack refuse the message.
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

std::string title_of(const Item& item) {
  for (const std::string& candidate : {item.title, item.name}) {
    if (std::string title = clean_line(candidate, kReadLimit); !title.empty()) return title;
  }
  return "Notification";
}

std::string title_of(const Message& message) {
  if (message.kind() == Message::Kind::notification) return title_of(message.item());
  return std::to_string(message.items().size()) + (message.items().size() == 1 ? " notification" : " notifications");
}

std::string headline(const Message& message, const Look& look) {
  if (message.kind() == Message::Kind::digest) return title_of(message);
  const Severity severity = severity_of(message.item(), look);
  return (severity.symbol.empty() ? "" : std::string(severity.symbol) + " ") + title_of(message);
}

std::string label_of(const Action& action) {
  const std::string label = shorten(clean_line(action.label, kReadLimit), kButtonTextLimit);
  return label.empty() ? "Open" : label;
}

Severity severity_of(const Item& item, const Look& look) {
  const auto* found = std::ranges::find(kSeverities, item.severity, &std::pair<std::string_view, Severity>::first);
  return look.severity && found != kSeverities.end() ? found->second : Severity{};
}

Body body_of(const Item& item, const Look& look) {
  const Cleaned markdown = read(item.body_markdown);
  Document document = parse_markdown(markdown.text, look.coder_url);
  if (!document.empty()) return {std::move(document), markdown.cut};
  const Cleaned plain = read(item.body);
  return {parse_plain(plain.text), plain.cut || markdown.cut};
}

std::string plain_body_of(const Item& item) { return read(item.body).text; }

Actions actions_of(const Item& item, const Look& look, std::size_t limit) {
  Actions actions;
  for (std::size_t i = 0; i < item.actions.size(); ++i) {
    const Action& action = item.actions[i];
    if (actions.buttons.size() + actions.lines.size() == kMostActions) {
      actions.left_out += item.actions.size() - i;
      break;
    }
    std::string label = label_of(action);
    const auto url = safe_url(action.url, look.coder_url);
    const bool button = look.buttons && url && is_web_url(*url);
    if (button) label = button_label(label, *url);
    Line line;
    if (!button) line.spans = link_spans(label, action.url, look.coder_url);
    const std::size_t size = button ? length(label) + url->size() : length(render(line)) + 1;
    if (actions.size + size > limit) {
      ++actions.left_out;
      continue;
    }
    actions.size += size;
    if (button) {
      actions.buttons.push_back({std::move(label), *url});
    } else {
      actions.lines.push_back(std::move(line));
    }
  }
  return actions;
}

Entry entry_of(const Item& item, const Look& look, std::size_t limit) {
  Look links = look;
  links.buttons = false;
  Entry entry = {body_of(item, look), actions_of(item, links, std::min(kActionsTotal, limit / 2))};
  Document& document = entry.body.document;
  const std::string full_title = title_of(item);
  std::string title = shorten(full_title, kTitleLimit);
  entry.body.cut = entry.body.cut || title != full_title;
  const Severity severity = severity_of(item, look);
  Line line;
  if (!severity.word.empty()) line.spans.push_back({std::string(severity.symbol).append(" ").append(severity.word).append(": "), {}, {}});
  line.spans.push_back({std::move(title), {.bold = true}, {}});
  document.insert(document.begin(), std::move(line));
  return entry;
}

std::string left_out_note(std::size_t count, const std::string& what) {
  return std::to_string(count) + " more " + what + (count == 1 ? " is" : "s are") + " not shown.";
}

std::string shortened_note(const Item& item, const Look& look) {
  std::string note = "This text is shortened: Slack takes no more.";
  for (const Action& action : item.actions | std::views::take(kMostActions)) {
    const auto url = safe_url(action.url, look.coder_url);
    if (!url || !is_web_url(*url)) continue;
    const std::string link = render({.spans = link_spans(label_of(action), *url, {})});
    if (length(link) > kNoteLinkLimit) continue;
    note.append(" ").append(link);
    break;
  }
  return note;
}

std::string footer(const Message& message, const Look& look) {
  if (!look.footer) return {};
  std::string text;
  const auto add = [&text](std::string_view part) {
    if (!part.empty()) text.append(text.empty() ? "" : " · ").append(part);
  };
  if (message.kind() == Message::Kind::notification) {
    const Item& item = message.item();
    add(severity_of(item, look).word);
    const std::string name = clean_line(item.name, kReadLimit);
    if (name != title_of(item)) add(as_text(shorten(name, kNameLimit)));
  }
  add(dates(message));
  return text;
}

std::string for_person(const Frame& frame) {
  const std::string name = shorten(clean_line(frame.for_person, kReadLimit), kNameLimit);
  return name.empty() ? name : "For " + name;
}

std::string frame_line(const Frame& frame) {
  std::string line = as_text(for_person(frame));
  if (!frame.mention.empty()) line.append(line.empty() ? "" : " ").append(frame.mention);
  return line;
}

}  // namespace belfry::slack
