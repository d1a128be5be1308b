// Finds and checks the tags of a Mustache template before the library parses it: the library's errors give no advice, and it accepts more
// than Belfry supports. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace belfry::render {

struct Tag {
  enum class Kind { escaped, raw, section, inverted, end, comment };
  Kind kind = Kind::escaped;
  std::string name;
  std::size_t begin = 0, end = 0;  // in the text, braces included
  std::size_t nesting = 0;         // enclosing sections
};

// ErrorCode::invalid: a tag or section that is never closed or closed twice, a partial, a change of delimiters, sections nested deeper than
// `max_nesting`, a name that is empty or contains spaces.
[[nodiscard]] base::Result<std::vector<Tag>> parse_tags(std::string_view text, std::size_t max_nesting);

}  // namespace belfry::render
