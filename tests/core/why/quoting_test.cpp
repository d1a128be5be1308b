#include "why/quoting.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace belfry::why {
namespace {

TEST(Quoted, IsOneLineOfVisibleCharacters) {
  EXPECT_EQ(quoted("plain: a=b, \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 100), "plain: a=b, \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(quoted(std::string_view("a\0b\tc\r\nd\x1b[0m\x7f", 13), 100), "a b c  d [0m ");
  EXPECT_EQ(quoted("\xC2\x9B"
                   "31m",
                   100),
            " 31m")
      << "C1";
  EXPECT_EQ(quoted("a\xE2\x80\xAE"
                   "b\xE2\x80\x8B"
                   "c\xEF\xBB\xBF\xE2\x81\xA6",
                   100),
            "a b c  ")
      << "direction and zero width";
  EXPECT_EQ(quoted("\xFF\xC3", 100), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Quoted, IsBounded) {
  EXPECT_EQ(quoted("0123456789", 10), "0123456789");
  EXPECT_EQ(quoted("0123456789a", 10), "0123456...");
  const auto cut = quoted("\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", 10);
  EXPECT_EQ(cut, "\xE2\x82\xAC\xE2\x82\xAC...");
  EXPECT_TRUE(base::is_utf8(cut));
}

TEST(TargetDetail, IsTakenApart) {
  const auto direct = target_detail("slack direct:ada@example.com: more than 5 within 1h");
  EXPECT_EQ(direct.target, "slack to ada@example.com");
  EXPECT_EQ(direct.sink, "slack");
  EXPECT_EQ(direct.rest, "more than 5 within 1h");
  EXPECT_EQ(target_detail("slack shared:C1: x: y").rest, "x: y");
  EXPECT_EQ(target_detail("slack direct:: x").target, "slack to a recipient without an address");
  for (const std::string other : {"", "slack", "route \"ops\" chose the recipient via sink slack again", "slack direct:ada", "a b: c"}) {
    EXPECT_EQ(target_detail(other).target, "") << other;
    EXPECT_EQ(target_detail(other).rest, other);
  }
}

TEST(Paragraph, JoinsSentences) {
  Paragraph paragraph;
  EXPECT_EQ(paragraph.text(), "");
  paragraph.begin_with("slack: ");
  EXPECT_TRUE(paragraph.empty());
  paragraph.add("Sent at 09:00:02");
  paragraph.add("");
  paragraph.add("Slack returned 500.  ");
  paragraph.add("Cut here...");
  paragraph.begin_with("slack: ");
  EXPECT_EQ(paragraph.text(), "slack: sent at 09:00:02. Slack returned 500. Cut here....");
}

}  // namespace
}  // namespace belfry::why
