#include "slack/payload.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "slack/link.hpp"
#include "slack/mrkdwn.hpp"
#include "slack/text.hpp"

namespace belfry::slack {
namespace {

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

// Written front to back: a tree of a message would cost more than all the rest of a delivery in the plugin.
class Writer {
 public:
  Writer& open() { return writer_.StartObject(), *this; }
  Writer& close() { return writer_.EndObject(), *this; }
  Writer& open_list() { return writer_.StartArray(), *this; }
  Writer& close_list() { return writer_.EndArray(), *this; }
  Writer& key(std::string_view name) { return writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())), *this; }
  Writer& member(std::string_view name, std::string_view text) {
    key(name);
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return *this;
  }
  Writer& flag(std::string_view name, bool value) {
    key(name);
    writer_.Bool(value);
    return *this;
  }
  [[nodiscard]] std::string text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

void plain_text(Writer& out, std::string_view text) {
  out.open().member("type", "plain_text").member("text", text).flag("emoji", false).close();
}

std::string left_out(std::size_t count, const std::string& what) {
  return std::to_string(count) + " more " + what + (count == 1 ? " is" : "s are") + " not shown.";
}

struct Button {
  std::string label;
  std::string url;
};

// Writes the list of blocks against the total.
class Blocks {
 public:
  Blocks(Writer& out, const std::string& header) : out_(out) {
    const std::string text = shorten(header, kHeaderLimit);
    left_ -= length(text);
    out_.open_list();
    begin("header").key("text");
    plain_text(out_, text);
    out_.close();
  }

  void add_document(const Body& body, std::size_t share) {
    const Flow result = flow(body.document, std::min(share, left_));
    for (const std::string& text : result.sections) {
      left_ -= std::min(left_, length(text));
      begin("section").key("text").open();
      out_.member("type", "mrkdwn").member("text", text).flag("verbatim", true).close().close();
    }
    shortened_ = shortened_ || result.shortened || body.cut;
  }

  void add_buttons(const std::vector<Button>& buttons) {
    for (std::size_t at = 0; at < buttons.size(); ++at) {
      if (at % kElementLimit == 0) begin("actions").key("elements").open_list();
      out_.open().member("type", "button").key("text");
      plain_text(out_, buttons[at].label);
      out_.member("url", buttons[at].url).member("action_id", "belfry.link." + std::to_string(at)).close();
      if ((at + 1) % kElementLimit == 0 || at + 1 == buttons.size()) out_.close_list().close();
    }
  }

  void add_note(std::string_view text) {
    begin("context").key("elements").open_list();
    plain_text(out_, text);
    out_.close_list().close();
  }

  void end() { out_.close_list(); }

  [[nodiscard]] std::size_t left() const { return left_; }
  [[nodiscard]] bool shortened() const { return shortened_; }

 private:
  Writer& begin(std::string_view type) { return out_.open().member("type", type); }

  Writer& out_;
  std::size_t left_ = kTotalLimit - kNotesTotal;
  bool shortened_ = false;
};

// The actions of one notification: buttons where Slack takes them, lines of text for the others.
struct Actions {
  std::vector<Button> buttons;
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
      actions.buttons.push_back({label, *url});
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

void notification_blocks(Writer& out, const Message& message, const Look& look) {
  Blocks blocks(out, title_of(message));
  const Actions actions = actions_of(message.item(), look, kActionsTotal);
  blocks.add_document(body_of(message.item(), look), blocks.left() - actions.size);
  if (blocks.shortened()) blocks.add_note("This text is shortened: Slack takes no more.");
  blocks.add_document({actions.lines}, kActionsTotal);
  blocks.add_buttons(actions.buttons);
  if (actions.left_out > 0) blocks.add_note(left_out(actions.left_out, "link"));
  if (message.possible_duplicate()) blocks.add_note(kRepeat);
  blocks.end();
}

void digest_blocks(Writer& out, const Message& message, const Look& look) {
  Blocks blocks(out, title_of(message));
  const std::size_t shown = std::min(message.items().size(), kMostItems);
  const std::size_t share = blocks.left() / shown;
  for (std::size_t i = 0; i < shown; ++i) {
    const Entry entry = entry_of(message.items()[i], look, share);
    blocks.add_document(entry.body, share - entry.actions.size);
    blocks.add_document({entry.actions.lines, entry.actions.left_out > 0}, share);
  }
  if (blocks.shortened()) blocks.add_note("Some of these texts are shortened: Slack takes no more.");
  if (shown < message.items().size()) blocks.add_note(left_out(message.items().size() - shown, "notification"));
  if (message.possible_duplicate()) blocks.add_note(kRepeat);
  blocks.end();
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

void envelope(Writer& out, const std::string& channel, std::string_view text) {
  out.member("channel", channel).member("text", text);
  out.flag("unfurl_links", false).flag("unfurl_media", false).flag("unfurl_app_links", false);
}

}  // namespace

std::string post(const Message& message, const std::string& channel, const Look& look) {
  Writer out;
  out.open();
  envelope(out, channel, fallback_text(message, look));
  out.flag("mrkdwn", false);  // the blocks carry the styles; the text is read as it stands
  const bool digest = message.kind() == Message::Kind::digest;
  out.key("blocks");
  if (digest) {
    digest_blocks(out, message, look);
  } else {
    notification_blocks(out, message, look);
  }
  out.key("metadata").open().member("event_type", "belfry_delivery").key("event_payload").open();
  out.member("delivery_id", message.delivery_id());
  if (!digest && !message.item().msg_id.empty()) out.member("msg_id", message.item().msg_id);
  return out.close().close().close().text();
}

std::string text_only_post(const Message& message, const std::string& channel, const Look& look) {
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
  Writer out;
  out.open();
  envelope(out, channel, text);
  return out.close().text();
}

}  // namespace belfry::slack
