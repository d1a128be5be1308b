#include "slack/text/width.hpp"

#include <algorithm>
#include <array>

#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Whole blocks instead of single characters: unassigned ones are never displayed.
constexpr auto kWide =
    std::to_array<Range>({{0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x2614, 0x2615},   {0x26A1, 0x26A1},
                          {0x2705, 0x2705},   {0x274C, 0x274C},   {0x2753, 0x2757},   {0x2B50, 0x2B55},   {0x2E80, 0x303E},
                          {0x3041, 0x4DBF},   {0x4E00, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
                          {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x18CFF}, {0x1AFF0, 0x1B2FF},
                          {0x1F1E6, 0x1F1FF}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD}});
constexpr auto kNone = std::to_array<Range>({{0x300, 0x36F},
                                             {0x483, 0x489},
                                             {0x591, 0x5BD},
                                             {0x610, 0x61A},
                                             {0x64B, 0x65F},
                                             {0x200B, 0x200D},
                                             {0x20D0, 0x20FF},
                                             {0x3099, 0x309A},
                                             {0xFE00, 0xFE0F},
                                             {0xFE20, 0xFE2F},
                                             {0x1F3FB, 0x1F3FF}});

template <std::size_t kSize>
bool contains(const std::array<Range, kSize>& ranges, char32_t c) {
  const auto* found = std::ranges::lower_bound(ranges, c, {}, &Range::last);
  return found != ranges.end() && found->first <= c;
}

// `joined`: the previous character is a joiner, so both form one glyph.
std::size_t columns_of(char32_t c, bool joined) {
  if (c < 0x300) return 1;
  if (joined || contains(kNone, c)) return 0;
  return contains(kWide, c) ? 2 : 1;
}

}  // namespace

std::size_t columns(std::string_view text) {
  std::size_t sum = 0;
  char32_t before = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = decode(text, at);
    sum += columns_of(c.value, before == 0x200D);
    before = c.value;
    at += c.bytes;
  }
  return sum;
}

std::size_t prefix_of_columns(std::string_view text, std::size_t max_columns) {
  std::size_t sum = 0;
  char32_t before = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = decode(text, at);
    sum += columns_of(c.value, before == 0x200D);
    if (sum > max_columns && at > 0) return at;
    before = c.value;
    at += c.bytes;
  }
  return text.size();
}

}  // namespace belfry::slack
