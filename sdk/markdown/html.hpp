// Keeps HTML as plain text. The parser has no option for that and would not parse the Markdown between two tags, so every "<" that could
// begin a tag is marked before parsing. Pure functions; any thread.
#pragma once
#include <string>
#include <string_view>

namespace belfry::markdown {

// Returns the text with a mark after each "<" that could begin HTML. Addresses in angle brackets are not marked.
[[nodiscard]] std::string mark_html(std::string_view markdown);

// Removes the marks.
[[nodiscard]] std::string strip_marks(std::string_view text);

}  // namespace belfry::markdown
