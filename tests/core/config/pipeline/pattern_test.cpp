#include "config/pipeline/pattern.hpp"

#include <gtest/gtest.h>

#include "core/config/support.hpp"

namespace belfry::config {
namespace {

TEST(PatternWeight, RepetitionsMultiply) {
  EXPECT_EQ(pattern_cost("abc"), 3U);
  EXPECT_EQ(pattern_cost("a{3}"), 3U);
  EXPECT_EQ(pattern_cost("a{2,5}b"), 6U);
  EXPECT_EQ(pattern_cost("(ab){10}"), 20U);
  EXPECT_EQ(pattern_cost("((a{10}){10}){10}"), 1000U);
  EXPECT_EQ(pattern_cost("(a|b{5}){2}"), 12U + 2U) << "the bar counts as well";
  EXPECT_GE(pattern_cost(R"((\pL{100}){10})"), 100'000U);
  EXPECT_GE(pattern_cost(R"([\pL\pN]{1000})"), 200'000U);
  EXPECT_GE(pattern_cost(R"(\p{Greek}{500})"), 50'000U);
}

TEST(PatternWeight, BracesAndBracketsThatStandForThemselves) {
  EXPECT_EQ(pattern_cost("a{x}"), 4U);
  EXPECT_EQ(pattern_cost(R"(\{100})"), 4U + 4U);
  EXPECT_LT(pattern_cost("[(){1000}]"), 20U);
  EXPECT_LT(pattern_cost("[]{1000}]"), 20U);
  EXPECT_LT(pattern_cost("[[:alpha:]{1000}]"), 20U);
  for (const std::string_view odd : {"", ")", "(", "((", "[", "\\", "{", "a{", "a{1,", "[^", "(?", R"(\p{)", R"(\x{)"})
    EXPECT_LE(pattern_cost(odd), 200U) << odd;
}

// Text that the estimator, unlike RE2, takes for the inside of a class or of a group would be estimated too low.
TEST(PatternWeight, NothingHidesARepetition) {
  for (const std::string_view before :
       {"", "[[:x]", "[[:alpha:]x]", "[]x]", R"([\]x])", R"(\Q[\E)", R"(\Q(\E)", R"(\[)", R"(\pL)", "{", "a{x}"})
    EXPECT_GE(pattern_cost(std::string(before) + R"((\pL{100}){10})"), 100'000U) << before;
}

TEST(PatternWeight, NeverOverflows) {
  EXPECT_GE(pattern_cost("a{9999999999999999999}"), 1'000'000U);
  std::string deep = "a";
  for (int i = 0; i < 300; ++i) deep = "(" + deep + "){1000}";
  EXPECT_GE(pattern_cost(deep), 1'000'000'000U);
}

TEST(Pattern, WhatIsTooLargeIsNotCompiled) {
  for (const std::string pattern : {R"((\pL{100}){10})", R"(\pL{1000})", R"((\pL\pN){500})", R"(((\pL{10}){10}){10})", "(.{1000}){3}"}) {
    EXPECT_FALSE(compiles(pattern)) << pattern;
    EXPECT_FALSE(pattern_matches(pattern, "a")) << pattern;
  }
  for (const std::string pattern : {"a{1000}", ".{1000}", "[a-z0-9-]{1,63}", R"(\bxox[abp]-[0-9A-Za-z-]{10,250})"})
    EXPECT_TRUE(compiles(pattern)) << pattern;
  EXPECT_FALSE(compiles(std::string(5000, 'a')));
}

std::string with_patterns(const std::string& pattern, int count) {
  std::string text = "version: 1\nsources:\n  coder: { type: coder }\nsinks:\n  slack: { plugin: slack }\npipeline:\n  processors:\n";
  for (int i = 0; i < count; ++i)
    text += "    - { name: p" + std::to_string(i) + ", redact: ['/x" + std::to_string(i) + pattern + "/'] }\n";
  return text + "  routes:\n    - { name: everyone, to: [slack] }\n";
}

std::vector<Diagnostic> problems_of(const std::string& text) { return test::load(text).problems; }

TEST(Pattern, TheSumHasABoundToo) {
  EXPECT_TRUE(problems_of(with_patterns("a{900}", 20)).empty());
  const auto problems = problems_of(with_patterns(".{1000}", 40));
  ASSERT_FALSE(problems.empty());
  EXPECT_NE(problems.front().text.find("is one pattern too many: together they have more than 100000 steps"), std::string::npos)
      << problems.front().text;
}

TEST(Pattern, AnExpensiveOneIsRefusedWithItsPlace) {
  const auto problems = problems_of(with_patterns(R"((\pL{100}){10})", 1));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems.front().text.find("steps, because {N} repeats what precedes it"), std::string::npos) << problems.front().text;
  EXPECT_EQ(problems.front().line, 8);
}

}  // namespace
}  // namespace belfry::config
