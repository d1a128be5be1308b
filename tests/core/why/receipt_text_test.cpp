#include "why/receipt_text.hpp"

#include <gtest/gtest.h>

namespace belfry::why {
namespace {

TEST(ReceiptText, ShowsTheIdAndTheData) {
  EXPECT_EQ(receipt_text(R"({"id":"1700.1","url":"https://x","data":{"channel":"D123","fallback":"user_not_found"}})"),
            "receipt 1700.1, channel D123, fallback user_not_found");
  EXPECT_EQ(receipt_text(R"({"id":"1700.1"})"), "receipt 1700.1");
  EXPECT_EQ(receipt_text(R"({"data":{"message":7,"silent":true}})"), "receipt message 7, silent true");
  EXPECT_EQ(receipt_text(R"({"ts":"1700.1","channel":"D123"})"), "receipt channel D123, ts 1700.1");
}

TEST(ReceiptText, ShowsNothingElse) {
  for (const auto* receipt : {"", "{}", "[]", "7", "{", R"({"data":[]})", R"({"id":7e999})", R"({"data":{"text":"a whole sentence"}})",
                              R"({"data":{"nested":{"a":1},"list":[1],"nothing":null}})"})
    EXPECT_EQ(receipt_text(receipt), "") << receipt;
  EXPECT_EQ(receipt_text(R"({"data":{"a":1,"b":2,"c":3,"d":4,"e":5}})"), "receipt a 1, b 2, c 3, d 4");
  EXPECT_EQ(receipt_text(R"({"id":"a\nb","data":{"x":"y"}})"), "receipt x y");
  EXPECT_LT(receipt_text(R"({"id":")" + std::string(60'000, 'x') + R"("})").size(), 200U);
}

}  // namespace
}  // namespace belfry::why
