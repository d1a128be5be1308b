// "did you mean": the nearest of some known words.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::config {

// `written` with one or two slips (letters missing, added, changed, swapped; case and - for _ are free) of one of `known`; empty when none
// is near.
[[nodiscard]] std::string_view nearest(std::string_view written, std::span<const std::string_view> known);

// The end of a message about an unknown word: `; did you mean "x"?`, else `; WHAT: a, b, c`, at most 16 of them.
[[nodiscard]] std::string suggestion(std::string_view written, std::span<const std::string_view> known, std::string_view what);

// The words of a list that is written with spaces between.
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view words);

}  // namespace belfry::config
