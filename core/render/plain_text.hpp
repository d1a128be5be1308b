// Markdown as plain text, for sinks and fields that know no markup. Pure.
#pragma once
#include <string>
#include <string_view>

namespace belfry::render {

// Markdown (sdk/markdown) without its markup: paragraphs keep an empty line between them, list entries get "- ", the cells of a row " | "
// between them, a link its URL in parentheses when that is not its text. HTML is text like any other, and so is all of what is too
// intricate to be read.
[[nodiscard]] std::string plain_text(std::string_view markdown);

}  // namespace belfry::render
