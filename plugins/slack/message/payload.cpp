#include "slack/message/payload.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

#include "slack/message/blocks.hpp"
#include "slack/message/notes.hpp"
#include "slack/message/parts.hpp"
#include "slack/message/sections.hpp"
#include "slack/text/link.hpp"
#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

constexpr std::size_t kTextLimit = 4'000;  // of the top-level text

// Belfry's own limits.
constexpr std::size_t kMaxItems = 20;
constexpr std::size_t kTextNotesTotal = 700;  // reserved in a text for notes about the message itself
constexpr std::size_t kMaxRules = 10;
constexpr std::size_t kTextLinksTotal = 1'500;

std::size_t scaled_limit(std::size_t limit, const RenderOptions& options) { return options.half ? limit / 2 : limit; }

void notes(Blocks& blocks, const Message& message, const RenderOptions& options, std::size_t omitted, const std::string& what) {
  if (omitted > 0) blocks.add_note(omitted_note(omitted, what));
  if (!message.note().empty()) blocks.add_note(escape(shorten(clean_line(message.note(), kTitleLimit), kTitleLimit)));
  if (message.possible_duplicate()) blocks.add_note(kRepeatNote);
  blocks.add_note(footer(message, options));
}

void begin_with_title(Document& document, std::string title) {
  if (!document.empty()) document.front().gap = Gap::blank;
  document.insert(document.begin(), {.spans = {{std::move(title), {.bold = true}, {}}}});
}

void notification_blocks(Blocks& blocks, const Message& message, const RenderOptions& options) {
  const Actions actions = actions_of(message.item(), options, scaled_limit(kActionsTotal, options));
  Body body = body_of(message.item(), options);
  if (blocks.header_shortened()) begin_with_title(body.document, title_of(message.item()));
  blocks.add_document(body, blocks.left() - actions.size, kMaxRules);
  if (blocks.shortened()) blocks.add_note(shortened_note(message.item(), options));
  blocks.add_document({actions.lines}, kActionsTotal);
  blocks.add_buttons(actions.buttons);
  notes(blocks, message, options, actions.omitted, "link");
}

void digest_blocks(Blocks& blocks, const Message& message, const RenderOptions& options) {
  const std::size_t shown = std::min(message.items().size(), kMaxItems);
  const std::size_t share = blocks.left() / shown;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) blocks.add_divider();
    blocks.add_entry(entry_of(message.items()[i], options, share), share);
  }
  if (blocks.shortened()) blocks.add_note("Some of these texts are shortened: Slack takes no more.");
  notes(blocks, message, options, message.items().size() - shown, "notification");
}

void write_blocks(JsonWriter& out, const Message& message, const RenderOptions& options, const Preamble& preamble) {
  Blocks blocks(out, headline(message, options), scaled_limit(kTotalLimit - kNotesTotal, options));
  blocks.add_line(preamble_line(preamble));
  if (message.kind() == Message::Kind::digest) {
    digest_blocks(blocks, message, options);
  } else {
    notification_blocks(blocks, message, options);
  }
  blocks.end();
}

// "label: address" lines, escaped.
std::string link_lines(const Item& item, const RenderOptions& options, std::size_t limit) {
  std::string lines;
  std::size_t omitted = item.actions.size() - std::min(item.actions.size(), kMaxActions);
  for (const Action& action : item.actions | std::views::take(kMaxActions)) {
    const auto url = safe_url(action.url, options.coder_url);
    const std::string address = url ? *url : shown_address(action.url);
    const std::string line = "\n" + escape(label_of(action) + ": " + address);
    if (length(lines) + length(line) > limit) {
      ++omitted;
    } else {
      lines += line;
    }
  }
  return omitted == 0 ? lines : lines + "\n" + omitted_note(omitted, "link");
}

std::string item_text(const Item& item, const RenderOptions& options, std::size_t limit) {
  std::string text(severity_of(item, options).name);
  if (!text.empty()) text += ": ";
  text += shorten_escaped(title_of(item), std::min(kTitleLimit, limit / 4));
  const std::string links = link_lines(item, options, std::min(kTextLinksTotal, limit / 2));
  const std::size_t used = length(text) + length(links) + 1;
  const std::string body = plain_body_of(item);
  if (!is_blank(body) && used < limit) text += "\n" + shorten_escaped(body, limit - used);
  return text + links;
}

// The text for screen readers and desktop notifications. It must be complete, because they omit the blocks (docs.slack.dev,
// chat.postMessage, "Using the text field").
std::string fallback_text(const Message& message, const RenderOptions& options, const Preamble& preamble) {
  std::string text = escape(for_person(preamble));
  if (!text.empty()) text += '\n';
  const std::size_t limit = scaled_limit(kTextLimit, options) - length(text);
  if (message.kind() == Message::Kind::notification) return text + item_text(message.item(), options, limit);
  text += title_of(message);
  const std::size_t shown = std::min(message.items().size(), kMaxItems);
  for (std::size_t i = 0; i < shown; ++i) text += "\n\n" + item_text(message.items()[i], options, (limit - kTextNotesTotal) / shown - 2);
  if (shown < message.items().size()) text += "\n\n" + omitted_note(message.items().size() - shown, "notification");
  return text;
}

void write_common(JsonWriter& out, const std::string& channel, std::string_view text) {
  out.member("channel", channel).member("text", text);
  out.flag("unfurl_links", false).flag("unfurl_media", false).flag("unfurl_app_links", false);
}

// The reconciler finds the message by this metadata if it is unknown whether it arrived.
void write_metadata(JsonWriter& out, const Message& message, const RenderOptions& options) {
  if (!options.metadata) return;
  out.key("metadata").open().member("event_type", "belfry_delivery").key("event_payload").open();
  out.member("delivery_id", message.delivery_id());
  if (message.kind() == Message::Kind::notification && !message.item().msg_id.empty()) out.member("msg_id", message.item().msg_id);
  out.close().close();
}

}  // namespace

std::string message_payload(const Message& message, const std::string& channel, const RenderOptions& options, const Preamble& preamble) {
  JsonWriter out;
  out.open();
  write_common(out, channel, fallback_text(message, options, preamble));
  out.flag("mrkdwn", false);  // the blocks carry the styles; this text is literal
  out.key("blocks");
  write_blocks(out, message, options, preamble);
  write_metadata(out, message, options);
  return out.close().text();
}

std::string text_only_payload(const Message& message, const std::string& channel, const RenderOptions& options, const Preamble& preamble) {
  std::string text = preamble_line(preamble);
  const auto add = [&text](std::string_view line) {
    if (!line.empty()) text.append(text.empty() ? "" : "\n").append(line);
  };
  const auto add_sections = [&](const Sections& sections) {
    for (const Section& section : sections.sections) add(section.text);
    return sections.shortened;
  };
  const std::size_t shown = std::min(message.items().size(), kMaxItems);
  const std::size_t share = (scaled_limit(kTextLimit, options) - kTextNotesTotal - length(text)) / shown;
  bool shortened = false;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += '\n';
    const Entry entry = entry_of(message.items()[i], options, share);
    const bool body_cut = add_sections(to_sections(entry.body.document, share - entry.actions.size - 1)) || entry.body.cut;
    const bool links_cut = add_sections(to_sections(entry.actions.lines, entry.actions.size)) || entry.actions.omitted > 0;
    shortened = shortened || body_cut || links_cut;
  }
  if (shortened) add("This text is shortened: Slack takes no more.");
  if (shown < message.items().size()) add(omitted_note(message.items().size() - shown, "notification"));
  if (message.possible_duplicate()) add(kRepeatNote);
  add(footer(message, options));
  JsonWriter out;
  out.open();
  write_common(out, channel, text);
  write_metadata(out, message, options);
  return out.close().text();
}

}  // namespace belfry::slack
