// What a text may cost the parser, estimated from above before it is parsed: cmark-gfm takes time and memory that grow with the square of
// some texts (nested containers and blank lines, wide tables of short rows, lines that might underline a table's heading, long references).
// Pure.
#pragma once
#include <string_view>

namespace belfry::markdown {

// Whether parsing takes less than a few tenths of a second and a few dozen MiB.
[[nodiscard]] bool is_affordable(std::string_view text);

}  // namespace belfry::markdown
