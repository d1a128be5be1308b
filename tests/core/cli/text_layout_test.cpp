#include "cli/text_layout.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace belfry::cli {
namespace {

TEST(TextLayoutTest, WidthCountsColumns) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("Ada"), 3U);
  EXPECT_EQ(display_width("Grüße"), 5U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("e\u0301"), 1U) << "a combining accent";
}

TEST(TextLayoutTest, TruncationLeavesCharactersWhole) {
  EXPECT_EQ(truncated("abcdef", 6), "abcdef");
  EXPECT_EQ(truncated("abcdef", 5), "abcd…");
  EXPECT_EQ(truncated("日本語", 6), "日本語");
  EXPECT_EQ(truncated("日本語", 4), "日…");
  EXPECT_EQ(truncated("abcdef", 1), "…");
}

TEST(TextLayoutTest, LinesBreakAtSpaces) {
  EXPECT_EQ(wrapped("one two three", 7), "one two\nthree");
  EXPECT_EQ(wrapped("one two three", 8, 2), "one two\n  three") << "the indent does not count";
  EXPECT_EQ(wrapped("one two three", 0), "one two three");
  EXPECT_EQ(wrapped("a averylongword b", 6), "a\naverylongword\nb") << "a word is never broken";
  EXPECT_EQ(wrapped("first\n\nsecond third\n", 8, 2), "first\n  \n  second\n  third");
  EXPECT_EQ(wrapped("", 10), "");
}

TEST(TextLayoutTest, EveryLineFits) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += (i > 0 ? " " : "") + std::string(static_cast<std::size_t>(i * 7 % 11 + 1), 'x');
  for (std::size_t width = 11; width < 100; ++width) {
    const auto lines = wrapped(text, width);
    for (std::size_t from = 0; from < lines.size();) {
      const auto end = std::min(lines.find('\n', from), lines.size());
      ASSERT_LE(end - from, width);
      from = end + 1;
    }
  }
}

TEST(TextLayoutTest, ParagraphsStayReadable) {
  EXPECT_EQ(paragraph_width(0), 0U) << "a pipe";
  EXPECT_EQ(paragraph_width(40), 80U);
  EXPECT_EQ(paragraph_width(100), 100U);
  EXPECT_EQ(paragraph_width(300), 120U);
}

}  // namespace
}  // namespace belfry::cli
