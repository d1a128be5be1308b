#include "source/json_reader.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace belfry::source {
namespace {

using nlohmann::json;

struct Read {
  bool good = false;
  std::string error;
  CoderDocument document;

  bool operator==(const Read&) const = default;
};

Read read(std::string_view body) {
  CoderReader reader(body.size());
  const bool good = read_json(body, reader);
  return {good, reader.error(), good ? reader.document() : CoderDocument{}};
}

// Parses with nlohmann::json, whose errors appear in messages.
Read reference(std::string_view body) {
  CoderReader reader(body.size());
  const bool good = json::sax_parse(body.begin(), body.end(), &reader);
  return {good, reader.error(), good ? reader.document() : CoderDocument{}};
}

std::vector<std::string> payloads() {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(BELFRY_FIXTURES "/coder")) {
    std::ifstream file(entry.path(), std::ios::binary);
    if (entry.path().extension() == ".json") all.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return all;
}

TEST(JsonReader, ReadsEveryPayloadAsTheReferenceDoes) {
  const auto all = payloads();
  ASSERT_FALSE(all.empty());
  for (const auto& body : all) {
    EXPECT_TRUE(read(body).good);
    EXPECT_EQ(read(body), reference(body));
  }
}

// nlohmann::json stops at a zero byte, so it cannot be the reference here.
TEST(JsonReader, NothingFollowsTheDocument) {
  for (const std::string_view end :
       {std::string_view("\0", 1), std::string_view("\0garbage", 8), std::string_view(" \0", 2), std::string_view("\n\0\n", 3),
        std::string_view("garbage"), std::string_view("{}"), std::string_view(",")}) {
    EXPECT_FALSE(read(std::string("{}").append(end)).good) << end;
    EXPECT_FALSE(read(std::string("{\"a\":\"\\ud83c\\udf89\"}").append(end)).good) << end;
  }
  EXPECT_TRUE(read("{} \r\n\t").good);
}

TEST(JsonReader, TellsOfErrorsAsTheReferenceDoes) {
  for (const std::string_view body : {
           std::string_view(""),
           std::string_view(" "),
           std::string_view("nul"),
           std::string_view("{"),
           std::string_view("{}x"),
           std::string_view("{} {}"),
           std::string_view("{\"a\":\"\0\"}", 9),
           std::string_view("{\"a\":\"\\u0000\"}"),
           std::string_view("{\"title\":\"\\u0000x\"}"),
           std::string_view("{\"a\":1e999}"),
           std::string_view("{\"a\":01}"),
           std::string_view("{\"a\":-}"),
           std::string_view("{\"a\":1.}"),
           std::string_view("{\"a\":.5}"),
           std::string_view("{\"a\":+1}"),
           std::string_view("{\"a\":NaN}"),
           std::string_view("{\"title\":\"\xff\"}"),
           std::string_view("{\"title\":\"\xc0\x80\"}"),
           std::string_view("{\"title\":\"\xed\xa0\x80\"}"),
           std::string_view("{\"title\":\"\\ud800\"}"),
           std::string_view("{\"title\":\"\\udc00\\ud800\"}"),
           std::string_view("{\"title\":\"\\ud83c\\udf89\"}"),
           std::string_view("{\"title\":\"\\x\"}"),
           std::string_view("{\"title\":\"\n\"}"),
           std::string_view("{\"title\":\"a"),
           std::string_view("\xef\xbb\xbf{}"),
           std::string_view("{'a':1}"),
           std::string_view("{\"a\":1,}"),
           std::string_view("[1,]"),
           std::string_view("/**/{}"),
           std::string_view("{\"payload\":{\"data\":{\"n\":18446744073709551616,\"m\":-9223372036854775808}}}"),
           std::string_view("{\"payload\":{\"data\":{\"n\":18446744073709551615,\"f\":0.1,\"z\":-0,\"t\":1e-400}}}"),
           std::string_view("{\"title\":1}"),
           std::string_view("[]"),
           std::string_view("3"),
           std::string_view("{\"title\":\"a\",\"title\":\"b\"}"),
       }) {
    EXPECT_EQ(read(body), reference(body)) << testing::PrintToString(body) << " -> " << read(body).error;
  }
}

TEST(JsonReader, ReadsWhatIsBrokenAtRandomAsTheReferenceDoes) {
  std::minstd_rand random(11);
  const auto below = [&](std::size_t n) { return random() % n; };
  constexpr std::string_view kBytes = "{}[]\",:\\u0019-+.eE/ntf \n\0\x1f\x7f\x80\xc3\xed\xf0\xff";
  const auto all = payloads();
  for (int round = 0; round < 20'000; ++round) {
    auto body = all[below(all.size())];
    for (auto changes = 1 + below(3); changes > 0 && !body.empty(); --changes) {
      const auto at = below(body.size());
      switch (below(4)) {
        case 0: body[at] = kBytes[below(kBytes.size())]; break;
        case 1: body.insert(at, 1, kBytes[below(kBytes.size())]); break;
        case 2: body.erase(at, 1 + below(4)); break;
        default: body.resize(at);
      }
    }
    ASSERT_EQ(read(body), reference(body)) << testing::PrintToString(body);
  }
}

TEST(JsonReader, DepthIsBounded) {
  const std::string deep = "{\"payload\":{\"data\":" + std::string(500'000, '[');
  EXPECT_EQ(read(deep), reference(deep));
}

}  // namespace
}  // namespace belfry::source
