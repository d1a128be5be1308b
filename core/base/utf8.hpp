// UTF-8 (RFC 3629).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace belfry::base {

// The length in bytes, 1 to 4, of the well-formed character at the front of `text` (no overlong forms, no surrogates, up to U+10FFFF); 0 if
// there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

// The code point of one well-formed character.
[[nodiscard]] std::uint32_t utf8_code_point(std::string_view character);

// Whether a reader cannot see the character, or it changes how a terminal or a page displays others: controls, directional marks, tags.
// Not the joiners U+200C and U+200D, which scripts and emoji need.
[[nodiscard]] bool is_hidden(std::uint32_t code_point);

// Whether `text` consists of well-formed characters only.
[[nodiscard]] bool is_utf8(std::string_view text);

// The longest prefix of `text` of at most `bytes` bytes that does not end inside a character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes);

}  // namespace belfry::base
