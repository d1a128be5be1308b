// Where the values of a Markdown template stand once it is rendered: what each may hold there, and what has to give way around it.
// Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "markdown/reader.hpp"
#include "render/marks.hpp"

namespace belfry::render {

struct Place {
  enum class Kind { text, code_span, code_block, address, title, info };
  enum class Lines { one, adjacent, any };  // adjacent: without blank lines between them

  Kind kind = Kind::text;
  Lines lines = Lines::one;
  std::string prefix;  // text, code block: what a further line begins with, to stay in its list or quote
  bool in_link = false;
  bool begins = false;  // text: nothing of its block comes before it
  bool in_table = false;
  bool whole_address = false;  // address: nothing comes before it
  bool percent = false;        // address: in "<...>", where a backslash is one
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

struct Places {
  std::vector<Place> of_values;
  std::vector<Emphasis> emphases;  // inner ones first
  std::vector<CodeSpan> code_spans;
  std::vector<CodeBlock> code_blocks;
};

// `text` holds tokens for `values` values. Of Markdown that is not read every place is text.
[[nodiscard]] Places places_of(std::string_view text, std::size_t values);

}  // namespace belfry::render
