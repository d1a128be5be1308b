#include "plugin/contract/finding.hpp"

#include <gtest/gtest.h>

namespace belfry::plugin {
namespace {

using Severity = Finding::Severity;

TEST(Problems, Lines) {
  EXPECT_TRUE(parse_findings("", Severity::error).empty());
  const auto problems = parse_findings("/a\tone\n\nno tab\n/b\ttwo\twith tab\nno pointer\there\n\tat the root", Severity::warning);
  ASSERT_EQ(problems.size(), 5U);
  EXPECT_EQ(problems[0], (Finding{Severity::warning, "/a", "one"}));
  EXPECT_EQ(problems[1], (Finding{Severity::warning, "", "no tab"}));
  EXPECT_EQ(problems[2], (Finding{Severity::warning, "/b", "two with tab"}));
  EXPECT_EQ(problems[3], (Finding{Severity::warning, "", "no pointer here"}));
  EXPECT_EQ(problems[4], (Finding{Severity::warning, "", "at the root"}));
}

TEST(Problems, AFloodIsCut) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "/a\tb\n";
  EXPECT_EQ(parse_findings(lines, Severity::error).size(), 100U);
}

TEST(Problems, ReturnCodeDecides) {
  EXPECT_FALSE(has_error(configure_findings(0, "/a\tis deprecated\n")));
  EXPECT_TRUE(has_error(configure_findings(1, "/a\tis wrong\n")));
  EXPECT_TRUE(has_error(configure_findings(-1, "")));
}

}  // namespace
}  // namespace belfry::plugin
