// How many columns a text takes in a fixed-width font: East Asian wide characters and emoji two, accents and joiners none (Unicode TR 11).
// Takes clean text (text.hpp). Functions of their arguments only: any thread.
#pragma once
#include <cstddef>
#include <string_view>

namespace belfry::slack {

[[nodiscard]] std::size_t columns(std::string_view text);

// The longest prefix of at most `most` columns, in bytes; never none of a text that is not empty.
[[nodiscard]] std::size_t prefix_of_columns(std::string_view text, std::size_t most);

}  // namespace belfry::slack
