// Finds the context of each value in a rendered Markdown template, and the styles and code around values whose delimiters may have to
// change. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "markdown/reader.hpp"
#include "render/marks.hpp"

namespace belfry::render {

struct ValueContext {
  enum class Kind { text, code_span, code_block, address, title, info };
  enum class Lines { one, adjacent, any };  // adjacent: without blank lines between them

  Kind kind = Kind::text;
  Lines lines = Lines::one;
  std::string prefix;  // text, code block: start of a continuation line, to stay in its list or quote
  bool in_link = false;
  bool begins = false;  // text: first in its block
  bool in_table = false;
  bool whole_address = false;  // address: nothing precedes the value
  bool percent = false;        // address: in "<...>", where a backslash is literal
};

// A styled text that begins or ends with a value.
struct Emphasis {
  std::size_t delimiter = 0;  // characters on each side; 0: one or two
  std::optional<std::size_t> first, last;
};

struct CodeSpan {
  std::string text;
};

struct CodeBlock {
  std::string text;
  std::size_t fence = 0;  // 0: none
  int line = 0, column = 0, last_line = 0;
};

struct MarkdownLayout {
  std::vector<ValueContext> contexts;
  std::vector<Emphasis> emphases;  // inner ones first
  std::vector<CodeSpan> code_spans;
  std::vector<CodeBlock> code_blocks;
};

// `text` contains placeholders for `values` values. If the Markdown cannot be parsed, every value has the context of plain text.
[[nodiscard]] MarkdownLayout layout_of(std::string_view text, std::size_t values);

}  // namespace belfry::render
