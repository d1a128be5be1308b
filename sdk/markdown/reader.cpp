#include "markdown/reader.hpp"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "markdown/cost.hpp"
#include "markdown/html.hpp"

namespace belfry::markdown {
namespace {

struct Free {
  void operator()(cmark_parser* parser) const { cmark_parser_free(parser); }
  void operator()(cmark_node* node) const { cmark_node_free(node); }
  void operator()(cmark_iter* iter) const { cmark_iter_free(iter); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// Serialized, because cmark-gfm keeps the special characters of the attached extensions in a global table while it parses.
Owned<cmark_node> parse(std::string_view text) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  cmark_gfm_core_extensions_ensure_registered();
  const Owned<cmark_parser> parser(cmark_parser_new(CMARK_OPT_VALIDATE_UTF8));
  for (const char* name : {"table", "strikethrough"}) {
    cmark_parser_attach_syntax_extension(parser.get(), cmark_find_syntax_extension(name));
  }
  cmark_parser_feed(parser.get(), text.data(), text.size());
  return Owned<cmark_node>(cmark_parser_finish(parser.get()));
}

// Lines of a text by number. Numbers must not decrease from call to call.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  std::string_view line(int number) {
    for (; number_ < number; ++number_) {
      const std::size_t end = std::min(rest_.find_first_of("\r\n"), rest_.size());
      rest_.remove_prefix(std::min(end + (rest_.substr(end).starts_with("\r\n") ? 2 : 1), rest_.size()));
    }
    return rest_.substr(0, rest_.find_first_of("\r\n"));
  }

 private:
  std::string_view rest_;
  int number_ = 1;
};

// Length in bytes of the task marker at the start of a list item, "[ ] " or "[x] "; 0: none.
std::size_t task_marker(std::string_view text) {
  const bool is_marker = text.size() > 3 && text[0] == '[' && std::string_view(" xX").contains(text[1]) && text[2] == ']';
  const std::size_t end = is_marker ? text.find_first_not_of(" \t", 3) : 3;
  return end == 3 || end == std::string_view::npos ? 0 : end;
}

// Emits the library's syntax tree as events.
class TreeWalker {
 public:
  TreeWalker(std::string_view source, Visitor& to) : lines_(source), to_(to) {}

  void run(cmark_node* root) {
    const Owned<cmark_iter> iter(cmark_iter_new(root));
    for (auto event = cmark_iter_next(iter.get()); event != CMARK_EVENT_DONE; event = cmark_iter_next(iter.get())) {
      visit(cmark_iter_get_node(iter.get()), event == CMARK_EVENT_ENTER);
    }
  }

 private:
  void visit(cmark_node* node, bool enter) {
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_DOCUMENT: break;
      case CMARK_NODE_PARAGRAPH: block(enter, node, {.block = is_tight(node) ? Block::item_text : Block::paragraph}); break;
      case CMARK_NODE_HEADING: block(enter, node, {.block = Block::heading}); break;
      case CMARK_NODE_BLOCK_QUOTE: block(enter, node, {.block = Block::quote}); break;
      case CMARK_NODE_LIST: list(enter, node); break;
      case CMARK_NODE_ITEM: block(enter, node, {.block = Block::item, .task = enter ? task(node) : TaskState::none}); break;
      case CMARK_NODE_CODE_BLOCK: code_block(node); break;
      case CMARK_NODE_HTML_BLOCK: html_block(node); break;
      case CMARK_NODE_THEMATIC_BREAK:
        block(true, node, {.block = Block::rule});
        block(false, node, {.block = Block::rule});
        break;
      case CMARK_NODE_EMPH: span(enter, Span::emphasis); break;
      case CMARK_NODE_STRONG: span(enter, Span::strong); break;
      case CMARK_NODE_LINK: link(enter, Span::link, node); break;
      case CMARK_NODE_IMAGE: link(enter, Span::image, node); break;
      case CMARK_NODE_CODE: to_.code(literal(node)); break;
      case CMARK_NODE_TEXT: to_.text(literal(node).substr(std::exchange(marker_, 0))); break;
      case CMARK_NODE_HTML_INLINE: html(literal(node)); break;
      case CMARK_NODE_SOFTBREAK:
      case CMARK_NODE_LINEBREAK: to_.line_break(); break;
      default: extension(enter, node);
    }
  }

  // Node types of extensions are identified by name only.
  void extension(bool enter, cmark_node* node) {
    const std::string_view type = cmark_node_get_type_string(node);
    if (type == "strikethrough") {
      span(enter, Span::strike);
    } else if (type == "table") {
      block(enter, node, {.block = Block::table});
    } else if (type == "table_header" || type == "table_row") {
      column_ = 0;
      block(enter, node, {.block = Block::row, .heading = type == "table_header"});
    } else if (type == "table_cell") {
      block(enter, node, {.block = Block::cell, .align = enter ? align(node) : Align::left});
    }
  }

  void block(bool enter, cmark_node* node, BlockStart start) {
    if (!enter) return to_.leave_block(start.block);
    start.line = cmark_node_get_start_line(node);
    start.column = cmark_node_get_start_column(node);
    start.last_line = cmark_node_get_end_line(node);
    to_.enter_block(start);
  }

  void span(bool enter, Span span) { enter ? to_.enter_span({.span = span}) : to_.leave_span(span); }

  void link(bool enter, Span span, cmark_node* node) {
    if (!enter) return to_.leave_span(span);
    const std::string url = strip_marks(cmark_node_get_url(node)), title = strip_marks(cmark_node_get_title(node));
    to_.enter_span({.span = span, .url = url, .title = title});
  }

  void code_block(cmark_node* node) {
    int length = 0, offset = 0;
    char mark = 0;
    const bool fenced = cmark_node_get_fenced(node, &length, &offset, &mark) != 0;
    const std::string info = strip_marks(cmark_node_get_fence_info(node));
    block(true, node, {.block = Block::code, .fence = fenced ? static_cast<std::size_t>(length) : 0, .info = info});
    if (const std::string_view text = literal(node); !text.empty()) to_.text(text);
    to_.leave_block(Block::code);
  }

  // HTML that the parser recognized in spite of the marks (html.hpp).
  void html(std::string_view text) {
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      to_.text(text.substr(0, end));
      to_.line_break();
      text.remove_prefix(end + 1);
    }
    to_.text(text);
  }

  void html_block(cmark_node* node) {
    std::string_view text = literal(node);
    if (text.ends_with('\n')) text.remove_suffix(1);
    block(true, node, {.block = Block::paragraph});
    html(text);
    to_.leave_block(Block::paragraph);
  }

  void list(bool enter, cmark_node* node) {
    const bool numbered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
    block(enter, node, {.block = numbered ? Block::numbers : Block::bullets, .first = cmark_node_get_list_start(node)});
  }

  static bool is_tight(cmark_node* paragraph) {
    cmark_node* item = cmark_node_parent(paragraph);
    return cmark_node_get_type(item) == CMARK_NODE_ITEM && cmark_node_get_list_tight(cmark_node_parent(item)) != 0;
  }

  // The library's own extension finds tasks only at the start of a line, so none in a quote. Only the source distinguishes "[ ]" from "\[
  // ]".
  TaskState task(cmark_node* item) {
    cmark_node* paragraph = cmark_node_first_child(item);
    if (paragraph == nullptr || cmark_node_get_type(paragraph) != CMARK_NODE_PARAGRAPH) return TaskState::none;
    cmark_node* text = cmark_node_first_child(paragraph);
    if (text == nullptr || cmark_node_get_type(text) != CMARK_NODE_TEXT) return TaskState::none;
    const std::string_view line = lines_.line(cmark_node_get_start_line(paragraph));
    const auto column = static_cast<std::size_t>(std::max(cmark_node_get_start_column(paragraph) - 1, 0));
    if (column >= line.size() || task_marker(line.substr(column)) == 0) return TaskState::none;
    marker_ = task_marker(literal(text));
    return marker_ == 0 ? TaskState::none : line[column + 1] == ' ' ? TaskState::open : TaskState::done;
  }

  Align align(cmark_node* cell) {
    cmark_node* table = cmark_node_parent(cmark_node_parent(cell));
    const std::size_t column = column_++;
    if (column >= cmark_gfm_extensions_get_table_columns(table)) return Align::left;
    const char align = static_cast<char>(cmark_gfm_extensions_get_table_alignments(table)[column]);
    return align == 'r' ? Align::right : align == 'c' ? Align::center : Align::left;
  }

  std::string_view literal(cmark_node* node) {
    literal_ = strip_marks(cmark_node_get_literal(node));
    return literal_;
  }

  Lines lines_;
  Visitor& to_;
  std::size_t column_ = 0;  // next in the current row
  std::size_t marker_ = 0;  // bytes of the task marker in the next text node, to be skipped
  std::string literal_;
};

}  // namespace

bool read(std::string_view text, Visitor& visitor) {
  if (!is_affordable(text)) return false;
  const std::string source = mark_html(text);
  const Owned<cmark_node> root = parse(source);
  cmark_consolidate_text_nodes(root.get());
  TreeWalker(source, visitor).run(root.get());
  return true;
}

}  // namespace belfry::markdown
