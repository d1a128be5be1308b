// What a message says about a word that is not known.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/nearest.hpp"

namespace belfry::config {

// The end of a message about an unknown word: `; did you mean "x"?`, else `; WHAT: a, b, c`, at most 16 of them.
[[nodiscard]] std::string suggestion(std::string_view written, std::span<const std::string_view> known, std::string_view what);

// The words of a list that is written with spaces between.
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view words);

}  // namespace belfry::config
