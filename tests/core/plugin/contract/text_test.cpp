#include "plugin/contract/text.hpp"

#include <gtest/gtest.h>

namespace belfry::plugin {
namespace {

TEST(CleanText, Table) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(clean_text("", 10), "");
  EXPECT_EQ(clean_text("plain äöü 🔔", 100), "plain äöü 🔔");
  EXPECT_EQ(clean_text("a\nb\tc\x7F"
                       "d",
                       100),
            "a b c d");
  EXPECT_EQ(clean_text(std::string_view("a\0b", 3), 100), "a b");
  EXPECT_EQ(clean_text("\xFF", 100), replacement);
  EXPECT_EQ(clean_text("\xC0\x80", 100), replacement + replacement);                    // overlong
  EXPECT_EQ(clean_text("\xED\xA0\x80", 100), replacement + replacement + replacement);  // surrogate
  EXPECT_EQ(clean_text("\xF4\x90\x80\x80", 100).substr(0, 3), replacement);             // over U+10FFFF
  EXPECT_EQ(clean_text("x\xE2\x82", 100), "x" + replacement + replacement);             // cut short
}

TEST(CleanText, CutsBetweenCharacters) {
  EXPECT_EQ(clean_text("äöü", 5), "äö");
  EXPECT_EQ(clean_text("äöü", 1), "");
  EXPECT_EQ(clean_text("abc", 0), "");
}

}  // namespace
}  // namespace belfry::plugin
