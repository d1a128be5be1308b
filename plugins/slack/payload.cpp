#include "slack/payload.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

#include "slack/link.hpp"
#include "slack/mrkdwn.hpp"
#include "slack/text.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;

constexpr std::size_t kHeaderLimit = 150;
constexpr std::size_t kButtonTextLimit = 75;
constexpr std::size_t kElementLimit = 25;
constexpr std::size_t kTotalLimit = 10'000;
constexpr std::size_t kTextLimit = 4'000;  // of the top-level text

// Ours. What is read of a title or body is bounded so that the strand is not held up by a megabyte of Markdown.
constexpr std::size_t kReadLimit = 12'000;
constexpr std::size_t kMostActions = 2 * kElementLimit;
constexpr std::size_t kActionsTotal = 4'000;
constexpr std::size_t kNotesTotal = 400;
constexpr std::size_t kMostItems = 20;
constexpr std::size_t kTitleLimit = 300;  // where it is no header
constexpr std::size_t kTextLinksTotal = 1'500;

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

std::string label_of(const Action& action) {
  const std::string label = shorten(clean_line(action.label, kReadLimit), kButtonTextLimit);
  return label.empty() ? "Open" : label;
}

struct Body {
  Document document;
  bool cut = false;  // not all was read
};

Body body_of(const Item& item, const Look& look) {
  const Cleaned markdown = clean(item.body_markdown, kReadLimit);
  Document document = parse_markdown(markdown.text, look.coder_url);
  if (!document.empty()) return {std::move(document), markdown.cut};
  const Cleaned plain = clean(item.body, kReadLimit);
  return {parse_plain(plain.text), plain.cut};
}

json plain_text(std::string text) { return {{"type", "plain_text"}, {"text", std::move(text)}, {"emoji", false}}; }

json section(std::string mrkdwn) {
  return {{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", std::move(mrkdwn)}, {"verbatim", true}}}};
}

json note(std::string text) { return {{"type", "context"}, {"elements", json::array({plain_text(std::move(text))})}}; }

std::string left_out(std::size_t count, const std::string& what) {
  return std::to_string(count) + " more " + what + (count == 1 ? " is" : "s are") + " not shown.";
}

// Collects blocks against the total.
class Blocks {
 public:
  explicit Blocks(const std::string& header) {
    const std::string text = shorten(header, kHeaderLimit);
    left_ -= length(text);
    blocks_.push_back({{"type", "header"}, {"text", plain_text(text)}});
  }

  void add_document(const Body& body, std::size_t share) {
    Flow result = flow(body.document, std::min(share, left_));
    for (std::string& text : result.sections) {
      left_ -= std::min(left_, length(text));
      blocks_.push_back(section(std::move(text)));
    }
    shortened_ = shortened_ || result.shortened || body.cut;
  }

  void add_buttons(json elements) {
    for (std::size_t at = 0; at < elements.size(); at += kElementLimit) {
      const auto begin = elements.begin() + static_cast<std::ptrdiff_t>(at);
      const auto end = elements.begin() + static_cast<std::ptrdiff_t>(std::min(at + kElementLimit, elements.size()));
      blocks_.push_back({{"type", "actions"}, {"elements", json(begin, end)}});
    }
  }

  void add_note(std::string text) { blocks_.push_back(note(std::move(text))); }

  [[nodiscard]] std::size_t left() const { return left_; }
  [[nodiscard]] bool shortened() const { return shortened_; }
  json take() { return std::move(blocks_); }

 private:
  json blocks_ = json::array();
  std::size_t left_ = kTotalLimit - kNotesTotal;
  bool shortened_ = false;
};

// The actions of one notification: buttons where Slack takes them, lines of text for the others.
struct Actions {
  json buttons = json::array();
  Document lines;
  std::size_t size = 0;  // of all their text
  std::size_t left_out = 0;
};

Actions actions_of(const Item& item, const Look& look, std::size_t limit) {
  Actions actions;
  for (std::size_t i = 0; i < item.actions.size(); ++i) {
    const Action& action = item.actions[i];
    if (actions.buttons.size() + actions.lines.size() == kMostActions) {
      actions.left_out += item.actions.size() - i;
      break;
    }
    const std::string label = label_of(action);
    const auto url = safe_url(action.url, look.coder_url);
    const bool button = look.buttons && url && is_web_url(*url);
    Line line;
    if (!button) line.spans = link_spans(label, action.url, look.coder_url);
    const std::size_t size = button ? length(label) + url->size() : length(render(line)) + 1;
    if (actions.size + size > limit) {
      ++actions.left_out;
      continue;
    }
    actions.size += size;
    if (button) {
      const std::string id = "belfry.link." + std::to_string(actions.buttons.size());
      actions.buttons.push_back({{"type", "button"}, {"text", plain_text(label)}, {"url", *url}, {"action_id", id}});
    } else {
      actions.lines.push_back(std::move(line));
    }
  }
  return actions;
}

// One notification among others, or without blocks: its title is a line and its actions are links.
struct Entry {
  Body body;
  Actions actions;
};

Entry entry_of(const Item& item, const Look& look, std::size_t limit) {
  Entry entry = {body_of(item, look), actions_of(item, {look.coder_url, false}, std::min(kActionsTotal, limit / 2))};
  Document& document = entry.body.document;
  document.insert(document.begin(), Line{.spans = {{shorten(title_of(item), kTitleLimit), {.bold = true}, {}}}});
  return entry;
}

constexpr std::string_view kRepeat = "This may be a repeat: it is not certain that an earlier attempt failed.";

json notification_blocks(const Message& message, const Look& look) {
  Blocks blocks(title_of(message));
  Actions actions = actions_of(message.item(), look, kActionsTotal);
  blocks.add_document(body_of(message.item(), look), blocks.left() - actions.size);
  if (blocks.shortened()) blocks.add_note("This text is shortened: Slack takes no more.");
  blocks.add_document({actions.lines}, kActionsTotal);
  blocks.add_buttons(std::move(actions.buttons));
  if (actions.left_out > 0) blocks.add_note(left_out(actions.left_out, "link"));
  if (message.possible_duplicate()) blocks.add_note(std::string(kRepeat));
  return blocks.take();
}

json digest_blocks(const Message& message, const Look& look) {
  Blocks blocks(title_of(message));
  const std::size_t shown = std::min(message.items().size(), kMostItems);
  const std::size_t share = blocks.left() / shown;
  for (std::size_t i = 0; i < shown; ++i) {
    const Entry entry = entry_of(message.items()[i], look, share);
    blocks.add_document(entry.body, share - entry.actions.size);
    blocks.add_document({entry.actions.lines, entry.actions.left_out > 0}, share);
  }
  if (blocks.shortened()) blocks.add_note("Some of these texts are shortened: Slack takes no more.");
  if (shown < message.items().size()) blocks.add_note(left_out(message.items().size() - shown, "notification"));
  if (message.possible_duplicate()) blocks.add_note(std::string(kRepeat));
  return blocks.take();
}

// "label: address" lines, escaped.
std::string link_lines(const Item& item, const Look& look, std::size_t limit) {
  std::string lines;
  std::size_t omitted = item.actions.size() - std::min(item.actions.size(), kMostActions);
  for (const Action& action : item.actions | std::views::take(kMostActions)) {
    const auto url = safe_url(action.url, look.coder_url);
    const std::string address = url ? *url : shorten(clean_line(action.url, kUrlLimit), kTitleLimit);
    const std::string line = "\n" + escape(label_of(action) + ": " + address);
    if (length(lines) + length(line) > limit) {
      ++omitted;
    } else {
      lines += line;
    }
  }
  return omitted == 0 ? lines : lines + "\n" + left_out(omitted, "link");
}

std::string item_text(const Item& item, const Look& look, std::size_t limit) {
  std::string text = shorten_escaped(title_of(item), std::min(kTitleLimit, limit / 4));
  const std::string links = link_lines(item, look, std::min(kTextLinksTotal, limit / 2));
  const std::size_t used = length(text) + length(links) + 1;
  const std::string body = clean(item.body, kReadLimit).text;
  if (!is_blank(body) && used < limit) text += "\n" + shorten_escaped(body, limit - used);
  return text + links;
}

// What a screen reader reads and a notification shows: it has to be complete, because blocks are left out there (docs.slack.dev,
// chat.postMessage, "Using the text field").
std::string fallback_text(const Message& message, const Look& look) {
  if (message.kind() == Message::Kind::notification) return item_text(message.item(), look, kTextLimit);
  std::string text = title_of(message);
  const std::size_t shown = std::min(message.items().size(), kMostItems);
  for (std::size_t i = 0; i < shown; ++i) text += "\n\n" + item_text(message.items()[i], look, (kTextLimit - kNotesTotal) / shown - 2);
  if (shown < message.items().size()) text += "\n\n" + left_out(message.items().size() - shown, "notification");
  return text;
}

json envelope(const std::string& channel, std::string text) {
  return {{"channel", channel}, {"text", std::move(text)}, {"unfurl_links", false}, {"unfurl_media", false}, {"unfurl_app_links", false}};
}

}  // namespace

json post(const Message& message, const std::string& channel, const Look& look) {
  json arguments = envelope(channel, fallback_text(message, look));
  // The blocks carry the styles; this text is read as it stands.
  arguments["mrkdwn"] = false;
  const bool digest = message.kind() == Message::Kind::digest;
  arguments["blocks"] = digest ? digest_blocks(message, look) : notification_blocks(message, look);
  json payload = {{"delivery_id", message.delivery_id()}};
  if (!digest && !message.item().msg_id.empty()) payload["msg_id"] = message.item().msg_id;
  arguments["metadata"] = {{"event_type", "belfry_delivery"}, {"event_payload", std::move(payload)}};
  return arguments;
}

json text_only_post(const Message& message, const std::string& channel, const Look& look) {
  std::string text;
  const auto add = [&text](const Flow& flow) {
    for (const std::string& section : flow.sections) text += (text.empty() ? "" : "\n") + section;
    return flow.shortened;
  };
  const std::size_t shown = std::min(message.items().size(), kMostItems);
  const std::size_t share = (kTextLimit - kNotesTotal) / shown;
  bool shortened = false;
  for (std::size_t i = 0; i < shown; ++i) {
    const Entry entry = entry_of(message.items()[i], look, share);
    const bool body_cut = add(flow(entry.body.document, share - entry.actions.size)) || entry.body.cut;
    const bool links_cut = add(flow(entry.actions.lines, entry.actions.size)) || entry.actions.left_out > 0;
    shortened = shortened || body_cut || links_cut;
  }
  if (shortened) text += "\nThis text is shortened.";
  if (shown < message.items().size()) text += "\n" + left_out(message.items().size() - shown, "notification");
  if (message.possible_duplicate()) text.append("\n").append(kRepeat);
  return envelope(channel, std::move(text));
}

}  // namespace belfry::slack
