// Markdown as plain text, for sinks and fields that know no markup. Pure.
#pragma once
#include <string>
#include <string_view>

namespace belfry::render {

// CommonMark without its markup: paragraphs keep an empty line between them, list entries get "- ", a link its URL in parentheses when that
// is not its text. HTML is left out. Linear in the length of the text.
[[nodiscard]] std::string plain_text(std::string_view markdown);

}  // namespace belfry::render
