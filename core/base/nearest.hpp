// "Did you mean": the nearest of some known words.
#pragma once
#include <span>
#include <string_view>

namespace belfry::base {

// `written` with one or two slips (letters missing, added, changed, swapped; case and - for _ are free) of one of `known`; empty when none
// is near.
[[nodiscard]] std::string_view nearest(std::string_view written, std::span<const std::string_view> known);

}  // namespace belfry::base
