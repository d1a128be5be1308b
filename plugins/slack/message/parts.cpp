#include "slack/message/parts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "slack/text/authority.hpp"
#include "slack/text/link.hpp"
#include "slack/text/mrkdwn.hpp"
#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

constexpr std::size_t kButtonTextLimit = 75;

// A line cut off by kReadLimit, such as a table row or a command, is dropped if it is at most this long. Bytes.
constexpr std::size_t kLastLine = 1'000;

constexpr auto kSeverities = std::to_array<std::pair<std::string_view, Severity>>(
    {{"info", {"ℹ️", "Info"}}, {"warning", {"⚠️", "Warning"}}, {"error", {"❌", "Error"}}, {"critical", {"🚨", "Critical"}}});

// Reads up to kReadLimit, ending at a line or word boundary.
Cleaned read_bounded(std::string_view raw) {
  Cleaned text = clean(raw, kReadLimit);
  if (!text.cut) return text;
  const std::size_t line = text.text.rfind('\n');
  const bool near = line != std::string::npos && text.text.size() - line <= kLastLine;
  // The text that follows is unknown; assume a letter.
  const std::size_t word = near ? line : word_boundary(text.text + "x", text.text.size());
  // If that leaves nothing, part of a word is better.
  text.text.resize(word > 0 ? word : grapheme_boundary(text.text + "x", text.text.size()));
  return text;
}

// Replaces a label that shows another host by the link's host. Omits a long host, because Slack would cut off its end, the most important
// part.
std::string button_label(const std::string& label, std::string_view url) {
  if (!names_another_host(label, url)) return label;
  const std::string honest = "Open " + std::string(authority_of(url));
  return length(honest) <= kButtonTextLimit ? honest : "Open";
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

std::string headline(const Message& message, const RenderOptions& options) {
  if (message.kind() == Message::Kind::digest) return title_of(message);
  const Severity severity = severity_of(message.item(), options);
  return (severity.symbol.empty() ? "" : std::string(severity.symbol) + " ") + title_of(message);
}

std::string label_of(const Action& action) {
  const std::string label = shorten(clean_line(action.label, kReadLimit), kButtonTextLimit);
  return label.empty() ? "Open" : label;
}

Severity severity_of(const Item& item, const RenderOptions& options) {
  const auto* found = std::ranges::find(kSeverities, item.severity, &std::pair<std::string_view, Severity>::first);
  return options.severity && found != kSeverities.end() ? found->second : Severity{};
}

Body body_of(const Item& item, const RenderOptions& options) {
  const Cleaned markdown = read_bounded(item.body_markdown);
  Document document = parse_markdown(markdown.text, options.coder_url);
  if (!document.empty()) return {std::move(document), markdown.cut};
  const Cleaned plain = read_bounded(item.body);
  return {parse_plain(plain.text), plain.cut || markdown.cut};
}

std::string plain_body_of(const Item& item) { return read_bounded(item.body).text; }

Actions actions_of(const Item& item, const RenderOptions& options, std::size_t limit) {
  Actions actions;
  for (std::size_t i = 0; i < item.actions.size(); ++i) {
    const Action& action = item.actions[i];
    if (actions.buttons.size() + actions.lines.size() == kMaxActions) {
      actions.omitted += item.actions.size() - i;
      break;
    }
    std::string label = label_of(action);
    const auto url = safe_url(action.url, options.coder_url);
    const bool button = options.buttons && url && is_web_url(*url);
    if (button) label = button_label(label, *url);
    Line line;
    if (!button) line.spans = link_spans(label, action.url, options.coder_url);
    const std::size_t size = button ? length(label) + url->size() : length(render(line)) + 1;
    if (actions.size + size > limit) {
      ++actions.omitted;
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

Entry entry_of(const Item& item, const RenderOptions& options, std::size_t limit) {
  RenderOptions links = options;
  links.buttons = false;
  Entry entry = {body_of(item, options), actions_of(item, links, std::min(kActionsTotal, limit / 2))};
  Document& document = entry.body.document;
  const std::string full_title = title_of(item);
  std::string title = shorten(full_title, kTitleLimit);
  entry.body.cut = entry.body.cut || title != full_title;
  const Severity severity = severity_of(item, options);
  Line line;
  if (!severity.name.empty()) line.spans.push_back({std::string(severity.symbol).append(" ").append(severity.name).append(": "), {}, {}});
  line.spans.push_back({std::move(title), {.bold = true}, {}});
  document.insert(document.begin(), std::move(line));
  return entry;
}

}  // namespace belfry::slack
