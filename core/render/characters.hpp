// Character classes. Private to core/render and its tests.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace belfry::render {

inline constexpr std::string_view kWhiteSpace = " \t\r\n";

inline bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// White space in UTF-8 that must not follow an opening or precede a closing delimiter of a style: form feeds, and category Zs of Unicode
// (GitHub Flavored Markdown, "Unicode whitespace character").
inline constexpr std::string_view kUnicodeSpaces[] = {" ",      "\t",     "\n",     "\f",     "\r",     "\u00a0", "\u1680",
                                                      "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
                                                      "\u2007", "\u2008", "\u2009", "\u200a", "\u202f", "\u205f", "\u3000"};

// Number of white space bytes at the front and at the end of a text.
inline std::size_t leading_space(std::string_view text) {
  const std::size_t size = text.size();
  for (const auto* found = kUnicodeSpaces; found != std::end(kUnicodeSpaces);) {
    found = std::ranges::find_if(kUnicodeSpaces, [&](std::string_view space) { return text.starts_with(space); });
    if (found != std::end(kUnicodeSpaces)) text.remove_prefix(found->size());
  }
  return size - text.size();
}
inline std::size_t trailing_space(std::string_view text) {
  const std::size_t size = text.size();
  for (const auto* found = kUnicodeSpaces; found != std::end(kUnicodeSpaces);) {
    found = std::ranges::find_if(kUnicodeSpaces, [&](std::string_view space) { return text.ends_with(space); });
    if (found != std::end(kUnicodeSpaces)) text.remove_suffix(found->size());
  }
  return size - text.size();
}

}  // namespace belfry::render
