#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace belfry::base {

std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) { return byte(i) >= low && byte(i) <= high; };
  if (text.empty()) return 0;
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

std::uint32_t utf8_code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) -> std::uint32_t { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0);
  std::uint32_t point = byte(0) & (0xFFU >> (character.size() + 1));
  for (std::size_t i = 1; i < character.size(); ++i) point = point << 6U | (byte(i) & 0x3FU);
  return point;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    // Eight bytes at a time as long as they are ASCII, as most text is.
    std::uint64_t eight = 0;
    if (text.size() >= sizeof eight) {
      std::memcpy(&eight, text.data(), sizeof eight);
      if ((eight & 0x8080808080808080U) == 0) {
        text.remove_prefix(sizeof eight);
        continue;
      }
    }
    const auto length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

bool is_hidden(std::uint32_t code_point) {
  struct Range {
    std::uint32_t first;
    std::uint32_t last;
  };
  static constexpr std::array kHidden{
      Range{0x00, 0x1F},        // C0
      Range{0x7F, 0x9F},        // DEL and C1
      Range{0xAD, 0xAD},        // soft hyphen
      Range{0x61C, 0x61C},      // Arabic letter mark
      Range{0x180E, 0x180E},    // Mongolian vowel separator
      Range{0x200B, 0x200B},    // zero width space
      Range{0x200E, 0x200F},    // directional marks
      Range{0x2028, 0x202E},    // separators, embeddings and overrides
      Range{0x2060, 0x206F},    // invisible operators, isolates
      Range{0xFEFF, 0xFEFF},    // byte order mark
      Range{0xFFF9, 0xFFFB},    // interlinear annotations
      Range{0xE0000, 0xE007F},  // tags
  };
  return std::ranges::any_of(kHidden, [&](const Range& range) { return range.first <= code_point && code_point <= range.last; });
}

}  // namespace belfry::base
