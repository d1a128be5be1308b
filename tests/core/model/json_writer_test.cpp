#include "model/json_writer.hpp"

#include <random>

namespace belfry::model {
namespace {

using nlohmann::json;

std::string written(std::string_view text) { return JsonWriter().value(text).take(); }

TEST(JsonWriter, NestsAndSeparates) {
  JsonWriter w;
  w.open('{').key("empty").open('{').close('}').key("none").open('[').close(']');
  w.key("list").open('[').value("a").value(std::int64_t{-1}).value(true).open('[').value(false).close(']').close(']');
  w.member("tree", json{{"a", {1, nullptr}}}).member("text", std::string("t")).close('}');
  EXPECT_EQ(w.take(), R"({"empty":{},"none":[],"list":["a",-1,true,[false]],"tree":{"a":[1,null]},"text":"t"})");
}

TEST(JsonWriter, TextComesBackAsItWas) {
  for (const std::string_view text :
       {"", "plain", "\"\\/", "\b\f\n\r\t\x01\x1f\x7f", "Ä€🎉", "a\u0080b", "\u07ff\u0800\ud7ff\uffff\U00010000\U0010ffff"}) {
    EXPECT_EQ(json::parse(written(text)), json(text)) << text;
  }
  EXPECT_EQ(json::parse(written({"\0x", 2})), json(std::string("\0x", 2)));
}

// nlohmann::json is the reference, also for invalid UTF-8.
TEST(JsonWriter, WritesBytesAsTheLibraryWould) {
  std::minstd_rand random(7);
  constexpr std::string_view kBytes = "ab\"\\\n\x01\x7f\x80\xbf\xc0\xc2\xc3\xa9\xe2\x82\xac\xed\xa0\xf0\x9f\x8e\x89\xf4\x90\xff";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto length = random() % 8; length > 0; --length) text += kBytes[random() % kBytes.size()];
    const auto theirs = json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace));
    ASSERT_EQ(json::parse(written(text)), theirs) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace belfry::model
