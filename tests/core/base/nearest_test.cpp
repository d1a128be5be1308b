#include "base/nearest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace belfry::base {
namespace {

constexpr std::array<std::string_view, 5> kWords{"listen", "max_body", "threads", "tls", "to"};

TEST(Nearest, ForgivesOneOrTwoSlips) {
  EXPECT_EQ(nearest("lisen", kWords), "listen");
  EXPECT_EQ(nearest("listne", kWords), "listen");
  EXPECT_EQ(nearest("listens", kWords), "listen");
  EXPECT_EQ(nearest("Max-Body", kWords), "max_body");
  EXPECT_EQ(nearest("tread", kWords), "threads");
}

TEST(Nearest, DoesNotGuessWildly) {
  EXPECT_EQ(nearest("", kWords), "");
  EXPECT_EQ(nearest("x", kWords), "");
  EXPECT_EQ(nearest("colour", kWords), "");
  EXPECT_EQ(nearest("listen", {}), "");
  EXPECT_EQ(nearest(std::string(1'000'000, 'l'), kWords), "");
}

}  // namespace
}  // namespace belfry::base
