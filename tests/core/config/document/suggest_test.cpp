#include "config/document/suggest.hpp"

#include <array>

#include <gtest/gtest.h>

namespace belfry::config {
namespace {

constexpr std::array<std::string_view, 5> kWords{"listen", "max_body", "threads", "tls", "to"};

TEST(Suggestion, FallsBackToTheList) {
  EXPECT_EQ(suggestion("lisen", kWords, "the keys here are"), "; did you mean \"listen\"?");
  EXPECT_EQ(suggestion("colour", kWords, "the keys here are"), "; the keys here are: listen, max_body, threads, tls, to");
  EXPECT_EQ(suggestion("colour", {}, "the keys here are"), "; remove it");
}

TEST(SplitWords, IgnoresExtraSpaces) {
  EXPECT_TRUE(split_words("").empty());
  EXPECT_EQ(split_words(" a  b "), (std::vector<std::string_view>{"a", "b"}));
}

}  // namespace
}  // namespace belfry::config
