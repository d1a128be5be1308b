// Suggestions for unknown words in messages.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/closest_word.hpp"

namespace belfry::config {

// Ends a message about an unknown word: `; did you mean "x"?`, else `; WHAT: a, b, c` with at most 16 of the known words.
[[nodiscard]] std::string suggestion(std::string_view written, std::span<const std::string_view> known, std::string_view what);

// Splits a list of words at spaces.
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view words);

}  // namespace belfry::config
