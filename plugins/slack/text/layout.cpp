#include "slack/text/layout.hpp"

#include <algorithm>
#include <utility>

#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

using markdown::Block;

constexpr std::size_t kDeepestIndent = 8;
constexpr std::size_t kDeepestQuote = 8;
constexpr std::size_t kTab = 4;

constexpr std::string_view kBullet = "•   ";

bool is_list(Block block) { return block == Block::item || block == Block::bullets || block == Block::numbers; }

// Expands leading tabs of a code line, because their width in Slack depends on the client.
std::string indented(std::string_view code) {
  const std::size_t end = std::min(code.find_first_not_of(" \t"), code.size());
  std::string out;
  for (const char c : code.substr(0, end)) out.append(c == '\t' ? kTab - out.size() % kTab : 1, ' ');
  return out.append(code.substr(end));
}

}  // namespace

void Layout::enter_block(const markdown::BlockStart& start) {
  if (start.block == Block::item_text) return;
  end_line();
  switch (start.block) {
    case Block::paragraph:
    case Block::item_text: break;
    case Block::heading: ++bold_; break;
    case Block::quote: ++quotes_; break;
    case Block::bullets: lists_.push_back({}); break;
    case Block::numbers: lists_.push_back({start.first}); break;
    case Block::item: enter_item(start.task); break;
    case Block::code: in_code_block_ = true; break;
    case Block::rule: add_rule(); break;
    case Block::table: table_.emplace(); break;
    case Block::row: table_->begin_row(start.heading); break;
    case Block::cell: table_->begin_cell(start.align); break;
  }
}

void Layout::leave_block(Block block) {
  if (block == Block::item_text) return;
  switch (block) {
    case Block::heading: --bold_; break;
    case Block::quote:
      if (--quotes_ == 0) in_quote_ = false;
      break;
    case Block::bullets:
    case Block::numbers: lists_.pop_back(); break;
    case Block::item:
      if (!marker_.empty()) line();
      break;
    case Block::code:
      if (std::exchange(in_code_block_, false)) add_code_block({});
      break;
    case Block::table: leave_table(); break;
    case Block::cell: leave_cell(); break;
    case Block::paragraph:
    case Block::item_text:
    case Block::rule:
    case Block::row: break;
  }
  end_line();
  if (!is_list(block) || lists_.empty()) gap_ = true;
}

void Layout::enter_span(const markdown::SpanStart& start) {
  switch (start.span) {
    case markdown::Span::emphasis: ++italic_; break;
    case markdown::Span::strong: ++bold_; break;
    case markdown::Span::strike: ++strike_; break;
    case markdown::Span::link:
    case markdown::Span::image: enter_link(cleaned(start.url)); break;
  }
}

void Layout::leave_span(markdown::Span span) {
  switch (span) {
    case markdown::Span::emphasis: --italic_; break;
    case markdown::Span::strong: --bold_; break;
    case markdown::Span::strike: --strike_; break;
    case markdown::Span::link:
    case markdown::Span::image: leave_link(); break;
  }
}

void Layout::text(std::string_view text) {
  if (std::exchange(in_code_block_, false)) return add_code_block(text);
  add(cleaned(text), false);
}

void Layout::code(std::string_view text) { add(text, true); }

void Layout::line_break() {
  if (links_ > 0) {
    add(" ", false);
  } else {
    end_line();
  }
}

// A character reference may decode to a character that clean() removed elsewhere, or to a line break that line_break() would not see.
std::string Layout::cleaned(std::string_view text) const {
  if (!has_references_) return std::string(text);
  std::string out = clean(text, text.size()).text;
  std::ranges::replace(out, '\n', ' ');
  return out;
}

void Layout::enter_item(markdown::TaskState task) {
  List& list = lists_.back();
  if (list.begun || lists_.size() > 1) gap_ = false;
  list.begun = true;
  marker_ = list.next ? std::to_string((*list.next)++) + ".  " : std::string(kBullet);
  if (task != markdown::TaskState::none) marker_ = task == markdown::TaskState::open ? "☐ " : "☑ ";  // a task still advances the number
}

void Layout::add_rule() {
  if (quotes_ == 0 && lists_.empty()) {
    document_.push_back({.rule = true});
  } else {
    line().spans = {{std::string(kRule), {}, {}}};
  }
}

void Layout::add_code_block(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  begin_preformatted();
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    add_preformatted(indented(text.substr(at, end - at)));
    at = end + 1;
  }
}

void Layout::leave_table() {
  begin_preformatted();
  for (const std::string& text : table_->lines()) add_preformatted(text);
  table_.reset();
  for (Span& span : std::exchange(table_links_, {})) {
    marker_ = kBullet;
    line().spans.push_back(std::move(span));
    end_line();
  }
}

void Layout::leave_cell() {
  table_->add(cell_);
  std::vector<Span> spans;
  add_text_with_links(spans, std::exchange(cell_, {}), {});
  for (Span& span : spans) add_table_link(std::move(span));
}

// The marker of an item that begins with a code block gets a line of its own, because a fence must start a line.
void Layout::begin_preformatted() {
  if (!marker_.empty()) line();
  end_line();
}

// Slack supports inline code within a quote, but no code blocks.
void Layout::add_preformatted(std::string_view text) {
  if (quotes_ > 0) {
    add_text(line().spans, text, {.code = !is_blank(text)});
    end_line();
  } else {
    document_.push_back({.preformatted = true, .gap = take_gap()});
    add_text(document_.back().spans, text, {});
  }
}

// For nested links (an image in a link), the outer one wins.
void Layout::enter_link(std::string url) {
  if (links_++ > 0) return;
  link_url_ = std::move(url);
  link_label_.clear();
}

void Layout::leave_link() {
  if (--links_ > 0) return;
  const std::string label = clean_line(link_label_, link_label_.size());
  if (table_) return leave_link_in_table(label);
  const Style style = {.bold = bold_ > 0, .italic = italic_ > 0, .strike = strike_ > 0};
  for (const Span& span : link_spans(label, link_url_, base_url_)) add_text(line().spans, span.text, link_style(style), span.url);
  link_style_.reset();
}

void Layout::leave_link_in_table(const std::string& label) {
  for (Span& span : link_spans(label, link_url_, base_url_)) {
    cell_ += span.text;
    add_table_link(std::move(span));
  }
  link_style_.reset();
}

void Layout::add_table_link(Span span) {
  const bool is_new = table_links_.empty() || table_links_.back().url != span.url;
  if (!span.url.empty() && is_new) table_links_.push_back(std::move(span));
}

// "[**label**](url)" becomes a bold link. A label with several styles loses them, because Slack has no styles within a label.
Style Layout::link_style(Style around) const {
  const Style style = link_style_.value_or(Style());
  return {.bold = around.bold || style.bold, .italic = around.italic || style.italic, .strike = around.strike || style.strike};
}

void Layout::add(std::string_view text, bool code) {
  if (text.empty()) return;
  const Style style = {.bold = bold_ > 0, .italic = italic_ > 0, .strike = strike_ > 0, .code = code};
  if (links_ > 0) {
    link_style_ = link_label_.empty() || link_style_ == style ? style : Style();
    link_label_ += text;
  } else if (table_) {
    cell_ += text;
  } else {
    add_text(line().spans, text, style);
  }
}

Line& Layout::line() {
  if (open_) return document_.back();
  open_ = true;
  Line& line = document_.emplace_back();
  line.gap = take_gap();
  if (quotes_ > 0) line.prefix = "> ";
  for (std::size_t i = 1; i < std::min(quotes_, kDeepestQuote); ++i) line.prefix += "&gt; ";
  const std::size_t depth = std::min(lists_.size(), kDeepestIndent);
  for (std::size_t i = marker_.empty() || depth == 0 ? 0 : 1; i < depth; ++i) line.prefix += kIndent;
  line.marker = std::exchange(marker_, {});
  return line;
}

Gap Layout::take_gap() {
  const bool inside = std::exchange(in_quote_, quotes_ > 0) && quotes_ > 0;
  return !std::exchange(gap_, false) ? Gap::none : inside ? Gap::quoted : Gap::blank;
}

void Layout::end_line() {
  if (!std::exchange(open_, false)) return;
  const auto may_have_links = [](const Span& span) { return span.url.empty() && !span.style.code && span.text.contains("http"); };
  if (std::ranges::none_of(document_.back().spans, may_have_links)) return;
  std::vector<Span> spans = std::move(document_.back().spans);
  document_.back().spans.clear();
  for (const Span& span : spans) {
    if (span.url.empty() && !span.style.code) {
      add_text_with_links(document_.back().spans, span.text, span.style);
    } else {
      document_.back().spans.push_back(span);
    }
  }
}

}  // namespace belfry::slack
