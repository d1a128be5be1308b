// HTML as text: the parser has no option for that, and what is between two tags would be hidden from it. Pure.
#pragma once
#include <string>
#include <string_view>

namespace belfry::markdown {

// With a mark behind each "<" that could begin HTML. Addresses in angle brackets stay as they are.
[[nodiscard]] std::string with_html_as_text(std::string_view markdown);

// Takes the marks out again.
[[nodiscard]] std::string without_marks(std::string_view text);

}  // namespace belfry::markdown
