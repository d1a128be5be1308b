#include "plugin/problem.hpp"

#include <gtest/gtest.h>

namespace belfry::plugin {
namespace {

using Severity = Problem::Severity;

TEST(Problems, Lines) {
  EXPECT_TRUE(parse_problems("", Severity::error).empty());
  const auto problems = parse_problems("/a\tone\n\nno tab\n/b\ttwo\twith tab\nno pointer\there\n\tat the root", Severity::warning);
  ASSERT_EQ(problems.size(), 5U);
  EXPECT_EQ(problems[0], (Problem{Severity::warning, "/a", "one"}));
  EXPECT_EQ(problems[1], (Problem{Severity::warning, "", "no tab"}));
  EXPECT_EQ(problems[2], (Problem{Severity::warning, "/b", "two with tab"}));
  EXPECT_EQ(problems[3], (Problem{Severity::warning, "", "no pointer here"}));
  EXPECT_EQ(problems[4], (Problem{Severity::warning, "", "at the root"}));
}

TEST(Problems, AFloodIsCut) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "/a\tb\n";
  EXPECT_EQ(parse_problems(lines, Severity::error).size(), 100U);
}

TEST(Problems, ReturnCodeDecides) {
  EXPECT_FALSE(has_error(configure_problems(0, "/a\tis deprecated\n")));
  EXPECT_TRUE(has_error(configure_problems(1, "/a\tis wrong\n")));
  EXPECT_TRUE(has_error(configure_problems(-1, "")));
}

}  // namespace
}  // namespace belfry::plugin
