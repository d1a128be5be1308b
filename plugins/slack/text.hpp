// Text from outside, made fit to be shown in Slack.
//
// Lengths are counted in UTF-16 code units: docs.slack.dev says "characters" without naming the unit, and this is the larger count.
// Functions of their arguments only: any thread.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace belfry::slack {

inline constexpr std::string_view kZeroWidthSpace = "\u200b";
inline constexpr std::string_view kEllipsis = "…";

// One code point of valid UTF-8 and the bytes it takes. At the end: 0 bytes.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};
[[nodiscard]] CodePoint decode(std::string_view utf8, std::size_t at);
void append(std::string& out, char32_t code_point);

// Valid UTF-8 without what deceives a reader: no control characters but \n and \t, no direction overrides, no invisible characters.
// (Joiners stay between letters outside ASCII, where Persian, Indic scripts and emoji need them; variation selectors stay behind what can
// have variants.) Bytes that are not UTF-8 become U+FFFD.
// Takes at most `most` code points of the input; `cut` says that there was more.
struct Cleaned {
  std::string text;
  bool cut = false;
};
[[nodiscard]] Cleaned clean(std::string_view text, std::size_t most);

// clean(), on one line, with single spaces and none at the ends.
[[nodiscard]] std::string clean_line(std::string_view text, std::size_t most);

// All of what follows takes clean text.

[[nodiscard]] bool is_blank(std::string_view text);
[[nodiscard]] std::size_t length(std::string_view text);

// At most `limit` long, ending in an ellipsis when something was cut. Cuts as word_position() does.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t limit);

// The largest byte position <= `at` that is no cut through what a reader sees as one character (UAX 29, extended grapheme clusters).
[[nodiscard]] std::size_t cut_position(std::string_view text, std::size_t at);

// cut_position() that does not cut through an address, a number or a code either: half of one is another one. Scripts without spaces are
// cut between characters; so is a single word of letters from the beginning of the text.
[[nodiscard]] std::size_t word_position(std::string_view text, std::size_t at);

// Ends an address without belonging to it: a space, or punctuation or a symbol outside ASCII ("https://a.example/b。").
[[nodiscard]] bool ends_address(char32_t c);

// & < > as entities: exactly these three (docs.slack.dev, formatting message text, "Escaping text").
[[nodiscard]] std::string escape(std::string_view text);
void escape(std::string& out, std::string_view text);  // appends

// shorten(), but `limit` holds for the escaped form, which is what comes back.
[[nodiscard]] std::string shorten_escaped(std::string_view text, std::size_t limit);

}  // namespace belfry::slack
