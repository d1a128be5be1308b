// Converts Markdown to plain text, for sinks and fields without markup. Pure.
#pragma once
#include <string>
#include <string_view>

namespace belfry::render {

// Removes the markup of Markdown (sdk/markdown). Paragraphs keep an empty line between them, list items begin with "- ", the cells of a row
// are separated by " | ", and a link is followed by its URL in parentheses unless the URL is its text. HTML is plain text.
// Markdown that is too complex to parse is returned unchanged.
[[nodiscard]] std::string plain_text(std::string_view markdown);

}  // namespace belfry::render
