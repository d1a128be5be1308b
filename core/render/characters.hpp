// Classes of ASCII characters. Private to core/render.
#pragma once
#include <string_view>

namespace belfry::render {

inline constexpr std::string_view kWhiteSpace = " \t\r\n";

inline bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

}  // namespace belfry::render
