// The width of text in columns of a fixed-width font: two for East Asian wide characters and emoji, none for accents and joiners (Unicode
// TR 11). Takes clean text (text.hpp). Pure functions; any thread.
#pragma once
#include <cstddef>
#include <string_view>

namespace belfry::slack {

[[nodiscard]] std::size_t columns(std::string_view text);

// The length in bytes of the longest prefix of at most `max_columns` columns; at least one character unless the text is empty.
[[nodiscard]] std::size_t prefix_of_columns(std::string_view text, std::size_t max_columns);

}  // namespace belfry::slack
