#include "model/untrusted_json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace belfry::model {
namespace {

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(UntrustedJson, IsOneDocument) {
  EXPECT_EQ(parse_untrusted(R"({"a": 1})"), (nlohmann::json{{"a", 1}}));
  for (const std::string text : {"", "{", "{} {}", "[1,]", "\xFF"}) EXPECT_TRUE(parse_untrusted(text).is_discarded()) << text;
  EXPECT_TRUE(parse_untrusted(std::string_view("1\0 2", 4)).is_discarded());
}

TEST(UntrustedJson, IsNotNestedDeeply) {
  EXPECT_FALSE(parse_untrusted(nested(kMaxJsonDepth)).is_discarded());
  for (const std::size_t levels : {kMaxJsonDepth + 1, std::size_t{100'000}, std::size_t{1'000'000}}) {
    EXPECT_TRUE(parse_untrusted(nested(levels)).is_discarded()) << levels;
    EXPECT_TRUE(parse_untrusted(std::string(levels, '[')).is_discarded()) << levels;
  }
  std::string objects;
  for (int i = 0; i < 60'000; ++i) objects += R"({"a":)";
  EXPECT_TRUE(parse_untrusted(objects + "1" + std::string(60'000, '}')).is_discarded());
}

TEST(UntrustedJson, BracketsInStringsDoNotNest) {
  const auto text = "[\"" + std::string(10'000, '[') + "\\\"[\", \"\\\\\", []]";
  const auto document = parse_untrusted(text);
  ASSERT_FALSE(document.is_discarded());
  EXPECT_EQ(document.size(), 3U);
}

}  // namespace
}  // namespace belfry::model
