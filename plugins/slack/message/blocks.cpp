#include "slack/message/blocks.hpp"

#include <algorithm>

#include "slack/message/sections.hpp"
#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

constexpr std::size_t kHeaderLimit = 150;

void plain_text(JsonWriter& out, std::string_view text) {
  out.open().member("type", "plain_text").member("text", text).flag("emoji", false).close();
}

void mrkdwn(JsonWriter& out, std::string_view text) {
  out.open().member("type", "mrkdwn").member("text", text).flag("verbatim", true).close();
}

}  // namespace

Blocks::Blocks(JsonWriter& out, const std::string& header, std::size_t total) : out_(out), left_(total) {
  const std::string text = shorten(header, kHeaderLimit);
  header_shortened_ = text != header;
  left_ -= length(text);
  out_.open_list();
  begin("header").key("text");
  plain_text(out_, text);
  out_.close();
}

// Slack folds long text behind "see more" unless the section sets `expand`.
void Blocks::section(std::string_view text) {
  left_ -= std::min(left_, length(text));
  begin("section").key("text");
  mrkdwn(out_, text);
  out_.flag("expand", true).close();
}

void Blocks::add_line(const std::string& text) {
  if (!text.empty()) section(text);
}

void Blocks::add_document(const Body& body, std::size_t share, std::size_t max_rules) {
  const Sections result = to_sections(body.document, std::min(share, left_), max_rules);
  for (const Section& one : result.sections) {
    if (one.ruled) add_divider();
    section(one.text);
  }
  shortened_ = shortened_ || result.shortened || body.cut;
}

void Blocks::add_entry(const Entry& entry, std::size_t share) {
  Sections result = to_sections(entry.body.document, std::min(share - entry.actions.size, left_));
  const Sections links = to_sections(entry.actions.lines, entry.actions.size);
  for (const Section& one : links.sections) {
    // Append to the last section if possible, because a message has at most fifty blocks.
    if (!result.sections.empty() && length(result.sections.back().text) + 1 + length(one.text) <= kSectionLimit) {
      result.sections.back().text.append("\n").append(one.text);
    } else {
      result.sections.push_back(one);
    }
  }
  for (const Section& one : result.sections) section(one.text);
  shortened_ = shortened_ || result.shortened || links.shortened || entry.body.cut || entry.actions.omitted > 0;
}

void Blocks::add_divider() {
  begin("divider");
  out_.close();
}

void Blocks::add_buttons(const std::vector<Button>& buttons) {
  for (std::size_t at = 0; at < buttons.size(); ++at) {
    if (at % kElementLimit == 0) begin("actions").key("elements").open_list();
    out_.open().member("type", "button").key("text");
    plain_text(out_, buttons[at].label);
    out_.member("url", buttons[at].url).member("action_id", "belfry.link." + std::to_string(at)).close();
    if ((at + 1) % kElementLimit == 0 || at + 1 == buttons.size()) out_.close_list().close();
  }
}

void Blocks::add_note(std::string_view text) {
  if (text.empty()) return;
  begin("context").key("elements").open_list();
  mrkdwn(out_, text);
  out_.close_list().close();
}

}  // namespace belfry::slack
