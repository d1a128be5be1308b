// Sanitizes and shortens untrusted text for display in Slack.
//
// Lengths are counted in UTF-16 code units: docs.slack.dev limits "characters" without naming the unit, and this is the larger count.
// Pure functions; any thread.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace belfry::slack {

inline constexpr std::string_view kZeroWidthSpace = "\u200b";
inline constexpr std::string_view kEllipsis = "…";

// One code point of valid UTF-8 and its length. At the end of the text: 0 bytes.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};
[[nodiscard]] CodePoint decode(std::string_view utf8, std::size_t at);
void append(std::string& out, char32_t code_point);

// Returns valid UTF-8 without characters that deceive readers: no control characters except \n and \t, no direction overrides, no invisible
// characters. Joiners stay between non-ASCII letters, where Persian, Indic scripts and emoji need them; variation selectors stay after
// characters that can have variants. Bytes that are not UTF-8 become U+FFFD.
// Reads at most `max_code_points` code points of the input; sets `cut` if there were more.
struct Cleaned {
  std::string text;
  bool cut = false;
};
[[nodiscard]] Cleaned clean(std::string_view text, std::size_t max_code_points);

// clean() on one line, with single spaces and none at the ends.
[[nodiscard]] std::string clean_line(std::string_view text, std::size_t max_code_points);

// The functions below require clean text.

[[nodiscard]] bool is_blank(std::string_view text);
[[nodiscard]] std::size_t length(std::string_view text);

// Cuts at a word_boundary(), so that the result is at most `limit` long; ends in an ellipsis if anything was cut.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t limit);

// The largest byte position <= `at` that does not split a user-perceived character (UAX 29, extended grapheme clusters).
[[nodiscard]] std::size_t grapheme_boundary(std::string_view text, std::size_t at);

// A grapheme_boundary() that does not split a URL, a number or a code either, because part of one is a different one. Scripts without
// spaces are split between characters, and so is a single word of letters at the start of the text.
[[nodiscard]] std::size_t word_boundary(std::string_view text, std::size_t at);

// True for a character that ends a URL without belonging to it: a space, or non-ASCII punctuation or symbols ("https://a.example/b。").
[[nodiscard]] bool ends_address(char32_t c);

// Replaces & < > by entities, exactly these three (docs.slack.dev, formatting message text, "Escaping text").
[[nodiscard]] std::string escape(std::string_view text);
void escape(std::string& out, std::string_view text);  // appends

// Like shorten(), but returns the escaped text, to which `limit` applies.
[[nodiscard]] std::string shorten_escaped(std::string_view text, std::size_t limit);

}  // namespace belfry::slack
