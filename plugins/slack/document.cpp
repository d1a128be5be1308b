#include "slack/document.hpp"

#include <md4c.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "slack/entity.hpp"
#include "slack/link.hpp"
#include "slack/table.hpp"
#include "slack/text.hpp"

namespace belfry::slack {
namespace {

// A link is never split over two blocks (3000), so it has to fit into one: its address and its label, where "*" may come to take 3.
constexpr std::size_t kEscapedUrlLimit = 2000;
constexpr std::size_t kEscapedLabelLimit = 250;
constexpr std::size_t kShownUrlLimit = 300;
constexpr std::size_t kDeepestIndent = 8;
constexpr std::size_t kDeepestQuote = 8;

constexpr std::string_view kBullet = "•   ";

bool fits_in_link(std::string_view url) { return escape(url).size() <= kEscapedUrlLimit; }

void add_text(std::vector<Span>& spans, std::string_view text, Style style, std::string_view url = {}) {
  if (text.empty()) return;
  if (!spans.empty() && spans.back().style == style && spans.back().url == url) {
    spans.back().text += text;
  } else {
    spans.push_back({std::string(text), style, std::string(url)});
  }
}

// Bare addresses become links here because Slack is told not to look for any itself (verbatim).
void add_text_with_links(std::vector<Span>& spans, std::string_view text, Style style) {
  while (const auto found = find_bare_url(text)) {
    const std::string_view url = text.substr(found->begin, found->end - found->begin);
    add_text(spans, text.substr(0, found->begin), style);
    for (const Span& span : link_spans(url, url, {})) add_text(spans, span.text, style, span.url);
    text.remove_prefix(found->end);
  }
  add_text(spans, text, style);
}

std::string attribute_text(const MD_ATTRIBUTE& attribute) {
  std::string out;
  for (std::size_t i = 0; attribute.substr_offsets != nullptr && attribute.substr_offsets[i] < attribute.size; ++i) {
    const auto begin = attribute.substr_offsets[i];
    const std::string_view piece(attribute.text + begin, attribute.substr_offsets[i + 1] - begin);
    out += attribute.substr_types[i] == MD_TEXT_ENTITY ? decode_entity(piece) : std::string(piece);
  }
  return out;
}

Table::Align align_of(const MD_BLOCK_TD_DETAIL& cell) {
  return cell.align == MD_ALIGN_RIGHT ? Table::Align::right : cell.align == MD_ALIGN_CENTER ? Table::Align::center : Table::Align::left;
}

// Takes the parser's events and lays out the lines.
class Layout {
 public:
  explicit Layout(std::string_view base_url) : base_url_(base_url) {}

  void enter(MD_BLOCKTYPE type, const void* detail) {
    end_line();
    switch (type) {
      case MD_BLOCK_QUOTE: ++quotes_; break;
      case MD_BLOCK_UL: lists_.push_back({}); break;
      case MD_BLOCK_OL: lists_.push_back({static_cast<const MD_BLOCK_OL_DETAIL*>(detail)->start}); break;
      case MD_BLOCK_LI: enter_item(*static_cast<const MD_BLOCK_LI_DETAIL*>(detail)); break;
      case MD_BLOCK_H: ++bold_; break;
      case MD_BLOCK_HR: add_rule(); break;
      case MD_BLOCK_CODE: in_code_block_ = true; break;
      case MD_BLOCK_TABLE: table_.emplace(); break;
      case MD_BLOCK_TR: table_->begin_row(in_heading_row_); break;
      case MD_BLOCK_THEAD: in_heading_row_ = true; break;
      case MD_BLOCK_TBODY: in_heading_row_ = false; break;
      case MD_BLOCK_TH:
      case MD_BLOCK_TD: table_->begin_cell(align_of(*static_cast<const MD_BLOCK_TD_DETAIL*>(detail))); break;
      default: break;
    }
  }

  void leave(MD_BLOCKTYPE type) {
    switch (type) {
      case MD_BLOCK_QUOTE:
        if (--quotes_ == 0) in_quote_ = false;
        break;
      case MD_BLOCK_UL:
      case MD_BLOCK_OL: lists_.pop_back(); break;
      case MD_BLOCK_LI:
        if (!marker_.empty()) line();
        break;
      case MD_BLOCK_H: --bold_; break;
      case MD_BLOCK_CODE: leave_code_block(); break;
      case MD_BLOCK_TABLE: leave_table(); break;
      case MD_BLOCK_TH:
      case MD_BLOCK_TD: leave_cell(); break;
      default: break;
    }
    end_line();
    const bool inside_list = (type == MD_BLOCK_LI || type == MD_BLOCK_UL || type == MD_BLOCK_OL) && !lists_.empty();
    if (!inside_list) gap_ = true;
  }

  void enter(MD_SPANTYPE type, const void* detail) {
    switch (type) {
      case MD_SPAN_EM: ++italic_; break;
      case MD_SPAN_STRONG: ++bold_; break;
      case MD_SPAN_DEL: ++strike_; break;
      case MD_SPAN_CODE: ++code_; break;
      case MD_SPAN_A: enter_link(attribute_text(static_cast<const MD_SPAN_A_DETAIL*>(detail)->href)); break;
      case MD_SPAN_IMG: enter_link(attribute_text(static_cast<const MD_SPAN_IMG_DETAIL*>(detail)->src)); break;
      default: break;
    }
  }

  void leave(MD_SPANTYPE type) {
    switch (type) {
      case MD_SPAN_EM: --italic_; break;
      case MD_SPAN_STRONG: --bold_; break;
      case MD_SPAN_DEL: --strike_; break;
      case MD_SPAN_CODE: --code_; break;
      case MD_SPAN_A:
      case MD_SPAN_IMG: leave_link(); break;
      default: break;
    }
  }

  void text(MD_TEXTTYPE type, std::string_view text) {
    if (in_code_block_) {
      code_block_ += text;
    } else if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR) {
      if (code_ > 0 || links_ > 0) {
        add(" ");
      } else {
        end_line();
      }
    } else {
      if (type == MD_TEXT_ENTITY) {
        add(decode_entity(text));
      } else {
        add(text);
      }
    }
  }

  Document take() { return std::move(document_); }

 private:
  struct List {
    std::optional<unsigned> next;  // the number of the next item; none: bullets
    bool begun = false;
  };

  void enter_item(const MD_BLOCK_LI_DETAIL& item) {
    List& list = lists_.back();
    if (list.begun || lists_.size() > 1) gap_ = false;
    list.begun = true;
    marker_ = list.next ? std::to_string((*list.next)++) + ".  " : std::string(kBullet);
    if (item.is_task != 0) marker_ = item.task_mark == ' ' ? "☐ " : "☑ ";  // which counts all the same
  }

  void add_rule() {
    if (quotes_ == 0 && lists_.empty()) {
      document_.push_back({.rule = true});
    } else {
      line().spans = {{std::string(kRule), {}, {}}};
    }
  }

  void leave_code_block() {
    in_code_block_ = false;
    if (code_block_.ends_with('\n')) code_block_.pop_back();
    begin_preformatted();
    for (std::size_t at = 0; at <= code_block_.size();) {
      const std::size_t end = std::min(code_block_.find('\n', at), code_block_.size());
      add_preformatted(std::string_view(code_block_).substr(at, end - at));
      at = end + 1;
    }
    code_block_.clear();
  }

  void leave_table() {
    begin_preformatted();
    for (const std::string& text : table_->lines()) add_preformatted(text);
    table_.reset();
    for (Span& span : std::exchange(table_links_, {})) {
      marker_ = kBullet;
      line().spans.push_back(std::move(span));
      end_line();
    }
  }

  // The marker of an item that begins so stands alone: a fence begins a line.
  void begin_preformatted() {
    if (!marker_.empty()) line();
    end_line();
  }

  // Slack knows no block of code within a quote, but code within its lines.
  void add_preformatted(std::string_view text) {
    if (quotes_ > 0) {
      add_text(line().spans, text, {.code = !is_blank(text)});
      end_line();
    } else {
      document_.push_back({.preformatted = true, .gap = take_gap()});
      add_text(document_.back().spans, text, {});
    }
  }

  // Of links within links (an image in a link) the outer one counts.
  void enter_link(std::string url) {
    if (links_++ > 0) return;
    link_url_ = std::move(url);
    link_label_.clear();
  }

  void leave_link() {
    if (--links_ > 0) return;
    const std::string label = clean_line(link_label_, link_label_.size());
    if (table_) return leave_link_in_table(label);
    const Style style = {.bold = bold_ > 0, .italic = italic_ > 0, .strike = strike_ > 0};
    for (const Span& span : link_spans(label, link_url_, base_url_)) add_text(line().spans, span.text, link_style(style), span.url);
    link_style_.reset();
  }

  void leave_link_in_table(const std::string& label) {
    for (Span& span : link_spans(label, link_url_, base_url_)) {
      cell_ += span.text;
      add_table_link(std::move(span));
    }
    link_style_.reset();
  }

  void leave_cell() {
    table_->add(cell_);
    std::vector<Span> spans;
    add_text_with_links(spans, std::exchange(cell_, {}), {});
    for (Span& span : spans) add_table_link(std::move(span));
  }

  void add_table_link(Span span) {
    const bool is_new = table_links_.empty() || table_links_.back().url != span.url;
    if (!span.url.empty() && is_new) table_links_.push_back(std::move(span));
  }

  // "[**label**](url)" is bold as a whole; of a label in several styles none is kept, for Slack knows no styles within a label.
  Style link_style(Style around) const {
    Style style = link_style_.value_or(Style());
    return {.bold = around.bold || style.bold, .italic = around.italic || style.italic, .strike = around.strike || style.strike};
  }

  void add(std::string_view text) {
    const Style style = {.bold = bold_ > 0, .italic = italic_ > 0, .strike = strike_ > 0, .code = code_ > 0};
    if (links_ > 0) {
      link_style_ = link_label_.empty() || link_style_ == style ? style : Style();
      link_label_ += text;
    } else if (table_) {
      cell_ += text;
    } else {
      add_text(line().spans, text, style);
    }
  }

  Line& line() {
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

  Gap take_gap() {
    const bool inside = std::exchange(in_quote_, quotes_ > 0) && quotes_ > 0;
    return !std::exchange(gap_, false) ? Gap::none : inside ? Gap::quoted : Gap::blank;
  }

  void end_line() {
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

  std::string_view base_url_;
  Document document_;
  bool open_ = false;  // the last line of document_ may still grow
  bool gap_ = false;
  std::size_t quotes_ = 0;
  bool in_quote_ = false;  // the line before belongs to the same quote
  std::vector<List> lists_;
  std::string marker_;  // of an item whose first line has not begun
  int bold_ = 0, italic_ = 0, strike_ = 0, code_ = 0, links_ = 0;
  std::string link_url_, link_label_;
  std::optional<Style> link_style_;
  bool in_code_block_ = false;
  std::string code_block_;
  std::optional<Table> table_;
  bool in_heading_row_ = false;
  std::string cell_;
  std::vector<Span> table_links_;  // of the cells, where no link works
};

Layout& layout(void* user) { return *static_cast<Layout*>(user); }

}  // namespace

Document parse_markdown(std::string_view clean, std::string_view base_url) {
  Layout result(base_url);
  MD_PARSER parser = {};
  parser.flags = MD_FLAG_NOHTML | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_TABLES;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* user) { return layout(user).enter(type, detail), 0; };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* user) { return layout(user).leave(type), 0; };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* user) { return layout(user).enter(type, detail), 0; };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* user) { return layout(user).leave(type), 0; };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* user) { return layout(user).text(type, {text, size}), 0; };
  const int failed = md_parse(clean.data(), static_cast<MD_SIZE>(clean.size()), &parser, &result);
  return failed != 0 ? parse_plain(clean) : result.take();
}

Document parse_plain(std::string_view clean) {
  Document document;
  bool gap = false;
  while (!clean.empty()) {
    const std::size_t end = std::min(clean.find('\n'), clean.size());
    const std::string_view text = clean.substr(0, end);
    clean.remove_prefix(std::min(end + 1, clean.size()));
    if (is_blank(text)) {
      gap = !document.empty();
      continue;
    }
    document.push_back({.gap = std::exchange(gap, false) ? Gap::blank : Gap::none});
    add_text_with_links(document.back().spans, text, {});
  }
  return document;
}

std::vector<Span> link_spans(std::string_view label, std::string_view raw_url, std::string_view base_url) {
  const auto url = safe_url(raw_url, base_url);
  if (url && fits_in_link(*url)) {
    std::string shown = label.empty() || names_another_host(label, *url) ? *url : std::string(label);
    while (shorten_escaped(shown, kEscapedLabelLimit) != escape(shown)) shown = shorten(shown, length(shown) * 2 / 3);
    return {{shown, {}, *url}};
  }
  const std::string address = shorten(clean_line(raw_url, kUrlLimit), kShownUrlLimit);
  if (label.empty() || label == address) return {{address, {}, {}}};
  return {{address.empty() ? std::string(label) : std::string(label) + ": " + address, {}, {}}};
}

}  // namespace belfry::slack
