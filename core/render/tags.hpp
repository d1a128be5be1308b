// The tags of a Mustache template, found and checked before a library gets to see them: its own errors have no advice, and it takes more
// than is wanted here. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace belfry::render {

struct Tag {
  enum class Kind { escaped, raw, section, inverted, end, remark };
  Kind kind = Kind::escaped;
  std::string name;
  std::size_t begin = 0, end = 0;  // in the text, braces included
  std::size_t nesting = 0;         // sections around it
};

// ErrorCode::invalid: a tag or a section that is never closed or closed twice, a partial, other delimiters, sections too deep, a name with
// spaces or none.
[[nodiscard]] base::Result<std::vector<Tag>> tags_of(std::string_view text, std::size_t max_nesting);

}  // namespace belfry::render
