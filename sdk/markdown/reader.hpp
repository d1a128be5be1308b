// Reads Markdown as a sequence of events: GitHub Flavored Markdown 0.29 (https://github.github.com/gfm/), which is CommonMark with tables,
// strikethrough and task lists.
//
// Bare URLs are not links, because each sink has its own rules for them, and HTML is plain text. Character references are decoded, so event
// text may contain characters that do not appear literally in the source.
// Bounded: text that would cost the parser more than a fraction of a second or a few dozen MiB is not read (cost.hpp).
// Thread rule: any thread; texts are parsed one at a time within a program or plugin. Ownership: views are valid during the call only.
#pragma once
#include <cstddef>
#include <string_view>

namespace belfry::markdown {

enum class Block { paragraph, item_text, heading, quote, bullets, numbers, item, code, rule, table, row, cell };
enum class Span { emphasis, strong, strike, link, image };
enum class Align { left, center, right };
enum class TaskState { none, open, done };

struct BlockStart {
  Block block = Block::paragraph;
  int first = 1;                     // numbers: the number of the first item
  TaskState task = TaskState::none;  // item
  bool heading = false;              // row
  Align align = Align::left;         // cell
  std::size_t fence = 0;             // code: length of the fence; 0: indented code
  std::string_view info;             // code: the info string after the fence
  // Position in the text, counted from 1; columns are in bytes.
  int line = 1, column = 1, last_line = 1;
};

// For links and images: URL and title, with character references decoded.
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

  // Calls nest as in the document. Items of a tight list contain an item_text, those of a loose list a paragraph.
  virtual void enter_block(const BlockStart& start) = 0;
  virtual void leave_block(Block block) = 0;

  // Text within an image is its description.
  virtual void enter_span(const SpanStart& start) = 0;
  virtual void leave_span(Span span) = 0;

  virtual void text(std::string_view text) = 0;
  virtual void code(std::string_view text) = 0;  // a code span
  virtual void line_break() = 0;
};

// Returns false, without any event, if the text is longer than 128 KiB or too costly to parse; show it as plain text then.
[[nodiscard]] bool read(std::string_view text, Visitor& visitor);

}  // namespace belfry::markdown
