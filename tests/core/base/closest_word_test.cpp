#include "base/closest_word.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace belfry::base {
namespace {

constexpr std::array<std::string_view, 5> kWords{"listen", "max_body", "threads", "tls", "to"};

TEST(Nearest, ForgivesOneOrTwoSlips) {
  EXPECT_EQ(closest_word("lisen", kWords), "listen");
  EXPECT_EQ(closest_word("listne", kWords), "listen");
  EXPECT_EQ(closest_word("listens", kWords), "listen");
  EXPECT_EQ(closest_word("Max-Body", kWords), "max_body");
  EXPECT_EQ(closest_word("tread", kWords), "threads");
}

TEST(Nearest, DoesNotGuessWildly) {
  EXPECT_EQ(closest_word("", kWords), "");
  EXPECT_EQ(closest_word("x", kWords), "");
  EXPECT_EQ(closest_word("colour", kWords), "");
  EXPECT_EQ(closest_word("listen", {}), "");
  EXPECT_EQ(closest_word(std::string(1'000'000, 'l'), kWords), "");
}

}  // namespace
}  // namespace belfry::base
