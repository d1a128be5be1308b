// Bounds the cost of parsing a text before it is parsed. cmark-gfm takes time and memory quadratic in the length of some texts: nested
// containers with blank lines, wide tables with short rows, lines that could underline a table heading, long link references.
// Pure function; any thread.
#pragma once
#include <string_view>

namespace belfry::markdown {

// True if parsing takes less than a few tenths of a second and a few dozen MiB. Always false above 128 KiB.
[[nodiscard]] bool is_affordable(std::string_view text);

}  // namespace belfry::markdown
