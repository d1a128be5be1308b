// Markdown as a sequence of events: GitHub Flavored Markdown 0.29, that is CommonMark with tables, strikethrough and task lists.
//
// Bare addresses are no links (a sink has its own rules for them), and HTML is text like any other. Character references are decoded, so
// the text of an event may hold characters that its author did not write as themselves.
// Bounded: text that would take the parser more than a fraction of a second or a few dozen MiB is not read (work.hpp).
// Thread rule: any thread; one text at a time within a program or plugin. Ownership: views are valid during the call.
// https://github.github.com/gfm/
#pragma once
#include <cstddef>
#include <string_view>

namespace belfry::markdown {

enum class Block { paragraph, item_text, heading, quote, bullets, numbers, item, code, rule, table, row, cell };
enum class Span { emphasis, strong, strike, link, image };
enum class Align { left, center, right };
enum class Task { none, open, done };

struct BlockStart {
  Block block = Block::paragraph;
  int first = 1;              // numbers: that of the first item
  Task task = Task::none;     // item
  bool heading = false;       // row
  Align align = Align::left;  // cell
  std::size_t fence = 0;      // code: how long it is; 0: none
  std::string_view info;      // code: what is behind the fence
  // Where it is in the text, counted from 1; the column in bytes.
  int line = 1, column = 1, last_line = 1;
};

// Of a link or an image: its address and title, with references decoded.
struct SpanStart {
  Span span = Span::emphasis;
  std::string_view url;
  std::string_view title;
};

class Visitor {
 public:
  Visitor() = default;
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
  virtual ~Visitor() = default;

  // Nested as in the document. The items of a tight list hold an item_text where others hold a paragraph.
  virtual void enter_block(const BlockStart& start) = 0;
  virtual void leave_block(Block block) = 0;

  // The text of an image is its description.
  virtual void enter_span(const SpanStart& start) = 0;
  virtual void leave_span(Span span) = 0;

  virtual void text(std::string_view text) = 0;
  virtual void code(std::string_view text) = 0;  // a code span
  virtual void line_break() = 0;
};

// False, without an event: the text is too intricate or longer than 128 KiB; show it as it is.
[[nodiscard]] bool read(std::string_view text, Visitor& visitor);

}  // namespace belfry::markdown
