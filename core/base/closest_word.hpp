// "Did you mean" suggestions.
#pragma once
#include <span>
#include <string_view>

namespace belfry::base {

// Returns the word of `known` that is nearest to `written`, within one or two slips (letters missing, added, changed or swapped; case and
// - for _ do not count). Empty if none is near.
[[nodiscard]] std::string_view closest_word(std::string_view written, std::span<const std::string_view> known);

}  // namespace belfry::base
