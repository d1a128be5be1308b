#include "app/service_manager.hpp"

#include <gtest/gtest.h>

namespace belfry::app {
namespace {

TEST(OneLineTest, ControlCharactersBecomeSpaces) { EXPECT_EQ(one_line("a\nREADY=1\tb\x7F"), "a READY=1 b "); }

TEST(OneLineTest, IsCutBetweenCharacters) {
  EXPECT_EQ(one_line(std::string(1'000, 'x')), std::string(1'000, 'x'));
  std::string euros;
  while (euros.size() < 1'200) euros += "€";
  const auto cut = one_line(euros);
  EXPECT_EQ(cut.size(), 999U);  // 332 characters of three bytes, three dots
  EXPECT_TRUE(cut.ends_with("€..."));
}

}  // namespace
}  // namespace belfry::app
