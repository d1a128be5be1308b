// Lays out text in the columns of a terminal. `text` is visible() text in UTF-8, without escape sequences. Pure.
// Thread rule: any thread.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace belfry::cli {

// Columns that `text` takes: 2 for a wide character such as an ideograph, 0 for a combining one.
[[nodiscard]] std::size_t display_width(std::string_view text);

// `text` if it fits into `width` columns (1 or more), else as much as fits, and an ellipsis.
[[nodiscard]] std::string truncated(std::string_view text, std::size_t width);

// Breaks lines at spaces so that each takes at most `width` columns besides its indent, unless one word is longer; `width` 0: no limit.
// Every line after the first begins with `indent` spaces. Existing line breaks stay. The result has no line break at its end.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t width, std::size_t indent = 0);

// A width at which paragraphs are readable: that of the terminal, within 80 and 120; 0 for a pipe, which does the wrapping itself.
[[nodiscard]] std::size_t paragraph_width(std::size_t terminal_width);

}  // namespace belfry::cli
