#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace belfry::base {
namespace {

TEST(Utf8, LengthOfTheFirstCharacter) {
  const std::pair<std::string_view, std::size_t> cases[] = {
      {"", 0},
      {"a", 1},
      {{"\0", 1}, 1},
      {"\x7f", 1},
      {"\xc3\xa4x", 2},
      {"\xe2\x82\xac", 3},
      {"\xf0\x9f\x8e\x89", 4},
      {"\xed\x9f\xbf", 3},
      {"\xf4\x8f\xbf\xbf", 4},
      {"\x80", 0},
      {"\xbf", 0},
      {"\xc3", 0},
      {"\xc3z", 0},
      {"\xe2\x82", 0},
      {"\xe2\x82z", 0},
      {"\xf0\x9f\x8e", 0},
      {"\xc0\x80", 0},
      {"\xc1\xbf", 0},
      {"\xe0\x9f\xbf", 0},
      {"\xf0\x8f\xbf\xbf", 0},
      {"\xed\xa0\x80", 0},
      {"\xf4\x90\x80\x80", 0},
      {"\xf5\x80\x80\x80", 0},
      {"\xff", 0},
  };
  for (const auto& [text, length] : cases) EXPECT_EQ(utf8_length(text), length) << testing::PrintToString(text);
}

TEST(Utf8, APrefixEndsBetweenCharacters) {
  const std::string_view text = "a\xc3\xa4\xf0\x9f\x8e\x89";
  const std::size_t lengths[] = {0, 1, 1, 3, 3, 3, 3, 7, 7};
  for (std::size_t bytes = 0; bytes < std::size(lengths); ++bytes) EXPECT_EQ(utf8_prefix(text, bytes), text.substr(0, lengths[bytes]));
  EXPECT_EQ(utf8_prefix("\x80\x80\x80", 2), "") << "no character begins here";
  EXPECT_EQ(utf8_prefix("", 5), "");
}

}  // namespace
}  // namespace belfry::base
