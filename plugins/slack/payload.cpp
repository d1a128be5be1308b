#include "slack/payload.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

#include "slack/blocks.hpp"
#include "slack/flow.hpp"
#include "slack/link.hpp"
#include "slack/parts.hpp"
#include "slack/text.hpp"

namespace belfry::slack {
namespace {

constexpr std::size_t kTextLimit = 4'000;  // of the top-level text

// Ours.
constexpr std::size_t kMostItems = 20;
constexpr std::size_t kTextNotesTotal = 700;  // kept free in a text for what it says about itself
constexpr std::size_t kMostRules = 10;
constexpr std::size_t kTextLinksTotal = 1'500;

std::size_t bounded(std::size_t limit, const Look& look) { return look.half ? limit / 2 : limit; }

void notes(Blocks& blocks, const Message& message, const Look& look, std::size_t left_out, const std::string& what) {
  if (left_out > 0) blocks.add_note(left_out_note(left_out, what));
  if (!message.note().empty()) blocks.add_note(escape(shorten(clean_line(message.note(), kTitleLimit), kTitleLimit)));
  if (message.possible_duplicate()) blocks.add_note(kRepeatNote);
  blocks.add_note(footer(message, look));
}

void begin_with_title(Document& document, std::string title) {
  if (!document.empty()) document.front().gap = Gap::blank;
  document.insert(document.begin(), {.spans = {{std::move(title), {.bold = true}, {}}}});
}

void notification_blocks(Blocks& blocks, const Message& message, const Look& look) {
  const Actions actions = actions_of(message.item(), look, bounded(kActionsTotal, look));
  Body body = body_of(message.item(), look);
  if (blocks.header_shortened()) begin_with_title(body.document, title_of(message.item()));
  blocks.add_document(body, blocks.left() - actions.size, kMostRules);
  if (blocks.shortened()) blocks.add_note(shortened_note(message.item(), look));
  blocks.add_document({actions.lines}, kActionsTotal);
  blocks.add_buttons(actions.buttons);
  notes(blocks, message, look, actions.left_out, "link");
}

void digest_blocks(Blocks& blocks, const Message& message, const Look& look) {
  const std::size_t shown = std::min(message.items().size(), kMostItems);
  const std::size_t share = blocks.left() / shown;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) blocks.add_divider();
    blocks.add_entry(entry_of(message.items()[i], look, share), share);
  }
  if (blocks.shortened()) blocks.add_note("Some of these texts are shortened: Slack takes no more.");
  notes(blocks, message, look, message.items().size() - shown, "notification");
}

void write_blocks(Writer& out, const Message& message, const Look& look, const Frame& frame) {
  Blocks blocks(out, headline(message, look), bounded(kTotalLimit - kNotesTotal, look));
  blocks.add_line(frame_line(frame));
  if (message.kind() == Message::Kind::digest) {
    digest_blocks(blocks, message, look);
  } else {
    notification_blocks(blocks, message, look);
  }
  blocks.end();
}

// "label: address" lines, escaped.
std::string link_lines(const Item& item, const Look& look, std::size_t limit) {
  std::string lines;
  std::size_t omitted = item.actions.size() - std::min(item.actions.size(), kMostActions);
  for (const Action& action : item.actions | std::views::take(kMostActions)) {
    const auto url = safe_url(action.url, look.coder_url);
    const std::string address = url ? *url : shown_address(action.url);
    const std::string line = "\n" + escape(label_of(action) + ": " + address);
    if (length(lines) + length(line) > limit) {
      ++omitted;
    } else {
      lines += line;
    }
  }
  return omitted == 0 ? lines : lines + "\n" + left_out_note(omitted, "link");
}

std::string item_text(const Item& item, const Look& look, std::size_t limit) {
  std::string text(severity_of(item, look).word);
  if (!text.empty()) text += ": ";
  text += shorten_escaped(title_of(item), std::min(kTitleLimit, limit / 4));
  const std::string links = link_lines(item, look, std::min(kTextLinksTotal, limit / 2));
  const std::size_t used = length(text) + length(links) + 1;
  const std::string body = plain_body_of(item);
  if (!is_blank(body) && used < limit) text += "\n" + shorten_escaped(body, limit - used);
  return text + links;
}

// What a screen reader reads and a notification shows: it has to be complete, because blocks are left out there (docs.slack.dev,
// chat.postMessage, "Using the text field").
std::string fallback_text(const Message& message, const Look& look, const Frame& frame) {
  std::string text = escape(for_person(frame));
  if (!text.empty()) text += '\n';
  const std::size_t limit = bounded(kTextLimit, look) - length(text);
  if (message.kind() == Message::Kind::notification) return text + item_text(message.item(), look, limit);
  text += title_of(message);
  const std::size_t shown = std::min(message.items().size(), kMostItems);
  for (std::size_t i = 0; i < shown; ++i) text += "\n\n" + item_text(message.items()[i], look, (limit - kTextNotesTotal) / shown - 2);
  if (shown < message.items().size()) text += "\n\n" + left_out_note(message.items().size() - shown, "notification");
  return text;
}

void envelope(Writer& out, const std::string& channel, std::string_view text) {
  out.member("channel", channel).member("text", text);
  out.flag("unfurl_links", false).flag("unfurl_media", false).flag("unfurl_app_links", false);
}

// What the message is found by when it is not known whether it arrived.
void write_metadata(Writer& out, const Message& message, const Look& look) {
  if (!look.metadata) return;
  out.key("metadata").open().member("event_type", "belfry_delivery").key("event_payload").open();
  out.member("delivery_id", message.delivery_id());
  if (message.kind() == Message::Kind::notification && !message.item().msg_id.empty()) out.member("msg_id", message.item().msg_id);
  out.close().close();
}

}  // namespace

std::string post(const Message& message, const std::string& channel, const Look& look, const Frame& frame) {
  Writer out;
  out.open();
  envelope(out, channel, fallback_text(message, look, frame));
  out.flag("mrkdwn", false);  // the blocks carry the styles; the text is read as it stands
  out.key("blocks");
  write_blocks(out, message, look, frame);
  write_metadata(out, message, look);
  return out.close().text();
}

std::string text_only_post(const Message& message, const std::string& channel, const Look& look, const Frame& frame) {
  std::string text = frame_line(frame);
  const auto add = [&text](std::string_view line) {
    if (!line.empty()) text.append(text.empty() ? "" : "\n").append(line);
  };
  const auto add_flow = [&](const Flow& flow) {
    for (const Section& section : flow.sections) add(section.text);
    return flow.shortened;
  };
  const std::size_t shown = std::min(message.items().size(), kMostItems);
  const std::size_t share = (bounded(kTextLimit, look) - kTextNotesTotal - length(text)) / shown;
  bool shortened = false;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += '\n';
    const Entry entry = entry_of(message.items()[i], look, share);
    const bool body_cut = add_flow(flow(entry.body.document, share - entry.actions.size - 1)) || entry.body.cut;
    const bool links_cut = add_flow(flow(entry.actions.lines, entry.actions.size)) || entry.actions.left_out > 0;
    shortened = shortened || body_cut || links_cut;
  }
  if (shortened) add("This text is shortened: Slack takes no more.");
  if (shown < message.items().size()) add(left_out_note(message.items().size() - shown, "notification"));
  if (message.possible_duplicate()) add(kRepeatNote);
  add(footer(message, look));
  Writer out;
  out.open();
  envelope(out, channel, text);
  write_metadata(out, message, look);
  return out.close().text();
}

}  // namespace belfry::slack
