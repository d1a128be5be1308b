// Config: typed readers, and errors with their pointer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <belfry/testkit/fake_host.hpp>

namespace belfry::testkit {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(ConfigTest, ReadsWhatIsThere) {
  const Config config({{"text", "x"},
                       {"count", -3},
                       {"on", true},
                       {"wait", "5m"},
                       {"one", "a"},
                       {"many", {"a", "b"}},
                       {"nested", {{"deep", {{"key", "v"}}}}}});
  EXPECT_TRUE(config.has("text"));
  EXPECT_EQ(config.string("text"), "x");
  EXPECT_EQ(config.integer("count"), -3);
  EXPECT_TRUE(config.boolean("on"));
  EXPECT_EQ(config.duration("wait"), minutes(5));
  EXPECT_THAT(config.list("one"), ElementsAre("a"));
  EXPECT_THAT(config.list("many"), ElementsAre("a", "b"));
  EXPECT_EQ(config.section("nested").section("deep").string("key"), "v");
}

TEST(ConfigTest, FallsBackWhenAbsentOrNull) {
  const Config config(json{{"null", nullptr}});
  EXPECT_FALSE(config.has("null"));
  EXPECT_FALSE(config.has("absent"));
  EXPECT_EQ(config.string("null", "d"), "d");
  EXPECT_EQ(config.integer("absent", 7), 7);
  EXPECT_TRUE(config.boolean("absent", true));
  EXPECT_EQ(config.duration("absent", seconds(1)), seconds(1));
  EXPECT_THAT(config.list("absent"), IsEmpty());
  EXPECT_FALSE(config.section("absent").has("x"));
  EXPECT_TRUE(config.secret("absent").empty());
  EXPECT_THAT(config.secrets("absent"), IsEmpty());
}

TEST(ConfigTest, SecretsAreReferences) {
  const Config config({{"one", "secret:s/one"}, {"many", {"secret:s/many/0", "secret:s/many/1"}}});
  EXPECT_EQ(config.secret("one").reference(), "secret:s/one");
  ASSERT_EQ(config.secrets("one").size(), 1U);
  ASSERT_EQ(config.secrets("many").size(), 2U);
  EXPECT_EQ(config.secrets("many")[1].reference(), "secret:s/many/1");
}

TEST(ConfigTest, MistakesNameTheirPlace) {
  const Config config(json{{"a/b~c", {{"wait", "soon"}, {"list", {1}}, {"text", 1}, {"count", 1.5}, {"on", "yes"}, {"map", "x"}}}});
  const auto section = config.section("a/b~c");
  const auto pointer_of = [](auto read) -> std::string {
    try {
      read();
    } catch (const ConfigError& e) {
      EXPECT_STRNE(e.what(), "");
      return e.pointer();
    }
    return "nothing was thrown";
  };
  EXPECT_EQ(pointer_of([&] { (void)section.duration("wait"); }), "/a~1b~0c/wait");
  EXPECT_EQ(pointer_of([&] { (void)section.list("list"); }), "/a~1b~0c/list");
  EXPECT_EQ(pointer_of([&] { (void)section.string("text"); }), "/a~1b~0c/text");
  EXPECT_EQ(pointer_of([&] { (void)section.integer("count"); }), "/a~1b~0c/count");
  EXPECT_EQ(pointer_of([&] { (void)section.boolean("on"); }), "/a~1b~0c/on");
  EXPECT_EQ(pointer_of([&] { (void)section.section("map"); }), "/a~1b~0c/map");
}

TEST(ConfigTest, Durations) {
  EXPECT_EQ(Config::parse_duration("0s"), Millis(0));
  EXPECT_EQ(Config::parse_duration("250ms"), Millis(250));
  EXPECT_EQ(Config::parse_duration("90s"), seconds(90));
  EXPECT_EQ(Config::parse_duration("24h"), hours(24));
  EXPECT_EQ(Config::parse_duration("7d"), hours(168));
  for (const auto* wrong :
       {"", "s", "5", "5 s", " 5s", "5s ", "-5s", "1.5h", "5m30s", "5M", "99999999999999999999s", "9223372036854775807s"}) {
    EXPECT_EQ(Config::parse_duration(wrong), std::nullopt) << wrong;
  }
}

TEST(CheckConfigTest, FillsDefaultsAndTakesSecretsOut) {
  const auto checked = check_config(R"({
    "type": "object", "required": ["token"], "additionalProperties": false,
    "properties": {
      "token": {"type": "string", "x-secret": true, "x-account": true},
      "keys": {"type": ["string", "array"], "items": {"type": "string", "x-secret": true}, "x-secret": true},
      "lookup": {"type": "object", "default": {}, "properties": {"cache": {"type": "string", "default": "24h"}}}
    }})",
                                    {{"token", "t0ken"}, {"keys", {"k1", "k2"}}});
  EXPECT_THAT(checked.findings, IsEmpty());
  EXPECT_EQ(checked.document,
            json({{"token", "secret:fake/token"}, {"keys", {"secret:fake/keys/0", "secret:fake/keys/1"}}, {"lookup", {{"cache", "24h"}}}}));
  EXPECT_THAT(checked.secrets, ElementsAre(testing::Pair("secret:fake/keys/0", "k1"), testing::Pair("secret:fake/keys/1", "k2"),
                                           testing::Pair("secret:fake/token", "t0ken")));
  EXPECT_EQ(checked.account, "secret:fake/token");
}

}  // namespace
}  // namespace belfry::testkit
