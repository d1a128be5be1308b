#include "plugin/inspect/config_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/contract/schema.hpp"

namespace belfry::plugin {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kSchema = R"({
  "type": "object",
  "required": ["bot_token"],
  "properties": {
    "bot_token": {"type": "string", "minLength": 1, "pattern": "^xox", "x-secret": true, "description": "of the app, xoxb-..."},
    "app_token": {"type": "string", "x-secret": true},
    "signing_secret": {"anyOf": [
      {"type": "string", "x-secret": true},
      {"type": "array", "minItems": 1, "items": {"type": "string", "x-secret": true}}]},
    "api_url": {"type": "string", "default": "https://slack.com/api/"},
    "channel": {"type": "string", "minLength": 1, "maxLength": 5, "x-destination": true},
    "footer": {"type": "string", "x-override": true},
    "mode": {"enum": ["dm", "channel"]},
    "room": {"type": "string", "pattern": "^[A-Z]+$", "description": "The id of a room, such as ABC. It has to exist."},
    "pause": {"type": "string", "pattern": "^[0-9]+s$", "default": "5s", "description": "Between two of them."},
    "retries": {"type": "integer", "minimum": 0, "maximum": 10},
    "ratio": {"type": "number", "exclusiveMinimum": 0},
    "verbose": {"type": "boolean"},
    "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
    "map": {"type": "object", "additionalProperties": {"type": "string"}},
    "lookup": {"$ref": "#/definitions/lookup"}
  },
  "definitions": {"lookup": {"type": "object", "required": ["cache"], "properties": {
    "cache": {"type": "string", "default": "24h"}, "prefill": {"type": "boolean", "default": false}}}}
})";

PluginType type_with(const std::string& schema) {
  PluginType type;
  type.type = "slack";
  type.schema = json::parse(schema);
  return type;
}

class ConfigCheck : public ::testing::Test {
 protected:
  CheckedConfig check(const std::string& config, std::map<std::string, std::string> unresolved = {}) {
    return check_config(type_with(kSchema), {"work", json::parse(config), {std::move(unresolved)}}, scrubber_);
  }
  std::string value_of(const CheckedConfig& checked, const std::string& reference) {
    const auto revealed = checked.secrets->reveal(reference, scrubber_);
    return revealed ? revealed->value.reveal() : "unknown";
  }
  base::Scrubber scrubber_;
};

struct Mistake {
  const char* name;
  const char* config;
  const char* pointer;
  const char* text;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class ConfigMistake : public ConfigCheck, public ::testing::WithParamInterface<Mistake> {};

TEST_P(ConfigMistake, IsNamedInPlainWords) {
  const auto checked = check(GetParam().config);
  ASSERT_EQ(checked.problems.size(), 1U) << (checked.problems.empty() ? "" : checked.problems[1].text);
  EXPECT_EQ(checked.problems[0].pointer, GetParam().pointer);
  EXPECT_EQ(checked.problems[0].text, GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigMistake,
    ::testing::Values(
        Mistake{"missing", "{}", "", "\"bot_token\" is missing; write \"bot_token: ...\" with a string (of the app, xoxb-...)"},
        Mistake{"null_config", "null", "", "config must be a map, not empty"},
        Mistake{"list_config", "[]", "", "config must be a map, not a list"},
        Mistake{"number_for_string", R"({"bot_token": "xoxb-1", "api_url": 5})", "/api_url",
                "\"api_url\" must be a string, not a whole number; write it in quotes"},
        Mistake{"bool_for_string", R"({"bot_token": "xoxb-1", "api_url": true})", "/api_url",
                "\"api_url\" must be a string, not true; write it in quotes"},
        Mistake{"string_for_bool", R"({"bot_token": "xoxb-1", "verbose": "yes"})", "/verbose",
                "\"verbose\" must be true or false, not a string"},
        Mistake{"string_for_list", R"({"bot_token": "xoxb-1", "tags": "a"})", "/tags",
                "\"tags\" must be a list, not a string; write it as [value, ...]"},
        Mistake{"item_type", R"({"bot_token": "xoxb-1", "tags": ["a", 2]})", "/tags/1",
                "\"1\" must be a string, not a whole number; write it in quotes"},
        Mistake{"too_many_items", R"({"bot_token": "xoxb-1", "tags": ["a", "b", "c"]})", "/tags", "\"tags\" must have at most 2 entries"},
        Mistake{"any_of_types", R"({"bot_token": "xoxb-1", "signing_secret": 7})", "/signing_secret",
                "\"signing_secret\" must be a list or a string, not a whole number; write it in quotes"},
        Mistake{"any_of_branch", R"({"bot_token": "xoxb-1", "signing_secret": []})", "/signing_secret",
                "\"signing_secret\" must have at least one entry"},
        Mistake{"enumeration", R"({"bot_token": "xoxb-1", "mode": "email"})", "/mode", "\"mode\" must be \"dm\" or \"channel\""},
        Mistake{"too_small", R"({"bot_token": "xoxb-1", "retries": -1})", "/retries", "\"retries\" must be at least 0"},
        Mistake{"too_large", R"({"bot_token": "xoxb-1", "retries": 11})", "/retries", "\"retries\" must be at most 10"},
        Mistake{"fraction", R"({"bot_token": "xoxb-1", "retries": 1.5})", "/retries", "\"retries\" must be a whole number, not a number"},
        Mistake{"exclusive", R"({"bot_token": "xoxb-1", "ratio": 0})", "/ratio", "\"ratio\" must be more than 0"},
        Mistake{"empty_string", R"({"bot_token": "xoxb-1", "channel": ""})", "/channel", "\"channel\" must not be empty"},
        Mistake{"too_long", R"({"bot_token": "xoxb-1", "channel": "ÄÖÜäöü"})", "/channel",
                "\"channel\" must have at most 5 characters, it has 6"},
        Mistake{"pattern", R"({"bot_token": "abc-secret-value"})", "/bot_token",
                "\"bot_token\" must begin with xox (of the app, xoxb-...)"},
        Mistake{"described_form", R"({"bot_token": "xoxb-1", "room": "abc"})", "/room",
                "\"room\" must match this form: The id of a room, such as ABC"},
        Mistake{"form_with_example", R"({"bot_token": "xoxb-1", "pause": "soon"})", "/pause",
                "\"pause\" must match a form such as \"5s\" (Between two of them.)"},
        Mistake{"typo", R"({"bot_token": "xoxb-1", "chanel": "C1"})", "/chanel", "unknown key \"chanel\"; did you mean \"channel\"?"},
        Mistake{"swapped", R"({"bot_token": "xoxb-1", "foooter": "x"})", "/foooter", "unknown key \"foooter\"; did you mean \"footer\"?"},
        Mistake{"nested_typo", R"({"bot_token": "xoxb-1", "lookup": {"cahce": "1h"}})", "/lookup/cahce",
                "unknown key \"cahce\"; did you mean \"cache\"?"},
        Mistake{"nested_unknown", R"({"bot_token": "xoxb-1", "lookup": {"zzzzzzzz": 1}})", "/lookup/zzzzzzzz",
                "unknown key \"zzzzzzzz\"; known keys are \"cache\", \"prefill\""},
        Mistake{"odd_key", R"({"bot_token": "xoxb-1", "a/b~c": 1})", "/a~1b~0c",
                "unknown key \"a/b~c\"; known keys are \"api_url\", \"app_token\", \"bot_token\", \"channel\", \"footer\", \"lookup\", "
                "\"map\", \"mode\", \"pause\", \"ratio\", \"retries\", \"room\", \"signing_secret\", \"tags\", \"verbose\""},
        Mistake{"map_value", R"({"bot_token": "xoxb-1", "map": {"a": 1}})", "/map/a",
                "\"a\" must be a string, not a whole number; write it in quotes"}),
    [](const auto& mistake) { return mistake.param.name; });

TEST_F(ConfigCheck, EveryMistakeAtOnce) {
  const auto checked = check(R"({"chanel": "C1", "retries": "many", "verbose": 1})");
  EXPECT_EQ(checked.problems.size(), 4U);
}

TEST_F(ConfigCheck, WhatWasProbablyMeantIsNotMissing) {
  const auto checked = check(R"({"bot_tokn": "xoxb-1", "retries": "many"})");
  ASSERT_EQ(checked.problems.size(), 2U);
  EXPECT_EQ(checked.problems[0].text, "unknown key \"bot_tokn\"; did you mean \"bot_token\"?");
  EXPECT_EQ(checked.problems[1].pointer, "/retries");
}

TEST_F(ConfigCheck, NothingIsSaidAboutWhatCouldNotBeRead) {
  const auto problems = [&](const std::string& config, std::set<std::string> broken, std::set<std::string> incomplete = {}) {
    ConfigRequest request{"work", json::parse(config), {.broken = std::move(broken), .incomplete = std::move(incomplete)}};
    std::vector<std::string> pointers;
    for (const auto& problem : check_config(type_with(kSchema), std::move(request), scrubber_).problems)
      pointers.push_back(problem.pointer);
    return pointers;
  };
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  EXPECT_THAT(problems(R"({"bot_token": ""})", {"/bot_token"}), IsEmpty());
  EXPECT_THAT(problems(R"({"bot_token": "", "retries": 11})", {"/bot_token"}), ElementsAre("/retries"));
  EXPECT_THAT(problems(R"({"bot_token": "xoxb-1", "tags": [null, 2]})", {"/tags/0"}), ElementsAre("/tags/1"));
  EXPECT_THAT(problems(R"({"bot_token": "xoxb-1", "signing_secret": [null]})", {"/signing_secret/0"}), IsEmpty());
  EXPECT_THAT(problems(R"({"bot_token": "xoxb-1", "signing_secret": null})", {"/signing_secret"}), IsEmpty());
  EXPECT_THAT(problems("{}", {""}), IsEmpty());
  EXPECT_THAT(problems("{}", {"/bot"}), ElementsAre("")) << "a prefix of a name is a different name";
  EXPECT_THAT(problems(R"({"retries": 11})", {}, {""}), ElementsAre("/retries")) << "bot_token may be the member that could not be read";
  EXPECT_THAT(problems(R"({"lookup": {}})", {}, {"/lookup"}), ElementsAre("")) << "bot_token is not a member of lookup";
}

TEST_F(ConfigCheck, DefaultsReachIntoWhatIsThere) {
  const auto checked = check(R"({"bot_token": "xoxb-1", "lookup": {}})");
  EXPECT_TRUE(checked.problems.empty());
  EXPECT_EQ(checked.config["api_url"], "https://slack.com/api/");
  EXPECT_EQ(checked.config["lookup"], json::parse(R"({"cache": "24h", "prefill": false})"));
  EXPECT_FALSE(check(R"({"bot_token": "xoxb-1"})").config.contains("lookup"));
}

TEST_F(ConfigCheck, ASecretThatOthersCanReadIsNotUsed) {
  const auto exposed = [&](const std::string& config, const std::string& pointer) {
    return check_config(type_with(kSchema), {"work", json::parse(config), {.exposed = {{pointer, "others can read it"}}}}, scrubber_);
  };
  const auto token = exposed(R"({"bot_token": "xoxb-secret"})", "/bot_token");
  EXPECT_TRUE(token.problems.empty());
  ASSERT_EQ(token.missing.size(), 1U);
  EXPECT_EQ(token.missing[0].text, "others can read it");
  EXPECT_EQ(value_of(token, token.config["bot_token"]), "");
  const auto optional = exposed(R"({"bot_token": "xoxb-secret", "signing_secret": ["a secret"]})", "/signing_secret/0");
  ASSERT_EQ(optional.missing.size(), 1U) << "it does not count as absent either";
  EXPECT_FALSE(optional.config.contains("signing_secret"));
  const auto plain = exposed(R"({"bot_token": "xoxb-secret", "footer": "x"})", "/footer");
  EXPECT_TRUE(plain.missing.empty());
  EXPECT_EQ(plain.config["footer"], "x");
}

TEST_F(ConfigCheck, WhatStandsAroundASecretIsNoPartOfIt) {
  const auto checked = check(R"({"bot_token": "\n xoxb-secret \r\n\n", "signing_secret": [" one ", "\ufefftwo"], "footer": " kept "})");
  EXPECT_TRUE(checked.problems.empty());
  EXPECT_EQ(value_of(checked, checked.config["bot_token"]), "xoxb-secret");
  EXPECT_EQ(value_of(checked, checked.config["signing_secret"][0]), "one");
  EXPECT_EQ(value_of(checked, checked.config["signing_secret"][1]), "two");
  EXPECT_EQ(checked.config["footer"], " kept ");
}

TEST_F(ConfigCheck, ASecretThatCannotBeMeantIsNotUsed) {
  ConfigRequest request{"work", {{"bot_token", "xoxb-secret\nxoxb-other"}, {"app_token", "a\u00a0b"}}, {}};
  request.references.files["/bot_token"] = {.path = "/etc/credstore/slack-bot-token", .read = [] { return std::string(); }};
  const auto checked = check_config(type_with(kSchema), std::move(request), scrubber_);
  ASSERT_EQ(checked.missing.size(), 2U);
  EXPECT_THAT(checked.missing[0].text, HasSubstr("the value contains an invisible character"));
  EXPECT_THAT(checked.missing[1].text, HasSubstr("/etc/credstore/slack-bot-token contains a line break"));
  EXPECT_EQ(value_of(checked, checked.config["bot_token"]), "");
  EXPECT_FALSE(checked.config.contains("app_token")) << "it does not count as absent either";
}

TEST_F(ConfigCheck, ASecretThatBelongsElsewhereIsWarnedOf) {
  auto schema = json::parse(kSchema);
  schema["properties"]["bot_token"]["x-mistaken"] = {{"^xoxp-", "a user token; take the other one"}};
  schema["properties"]["bot_token"].erase("pattern");
  const auto warning = [&](const char* token) {
    const auto checked = check_config(type_with(schema.dump()), {"work", {{"bot_token", token}}, {}}, scrubber_);
    EXPECT_TRUE(checked.missing.empty());
    EXPECT_EQ(value_of(checked, checked.config["bot_token"]), token);
    return checked.problems.empty() ? "" : checked.problems.at(0).text;
  };
  EXPECT_EQ(warning("xoxb-1"), "");
  EXPECT_EQ(warning("xoxp-1"), "the value is a user token; take the other one");
  EXPECT_THAT(warning("'xoxb-1'"), HasSubstr("the value is wrapped in quotes"));
  EXPECT_THAT(warning("SLACK_BOT_TOKEN=xoxb-1"), HasSubstr("the value has the form NAME=VALUE"));
  EXPECT_EQ(warning((std::string(60'000, 'x') + "xoxp-").c_str()), "");
}

TEST_F(ConfigCheck, WhatMayBeLeftOut) {
  const auto left_out = [&](const std::string& config, const std::string& pointer) {
    return check_config(type_with(kSchema), {"work", json::parse(config), {.left_out = {pointer}}}, scrubber_);
  };
  const auto optional = left_out(R"({"bot_token": "xoxb-secret", "signing_secret": ""})", "/signing_secret");
  EXPECT_TRUE(optional.problems.empty());
  EXPECT_FALSE(optional.config.contains("signing_secret"));
  const auto needed = left_out(R"({"bot_token": ""})", "/bot_token");
  EXPECT_TRUE(needed.problems.empty());
  ASSERT_EQ(needed.missing.size(), 1U);
  EXPECT_THAT(needed.missing[0].text, HasSubstr("the plugin needs it"));
  EXPECT_EQ(left_out(R"({"bot_token": "xoxb-secret", "channel": ""})", "/channel").problems.size(), 1U)
      << "not a secret, so an empty text is a value";
}

TEST_F(ConfigCheck, TheSchemaSaysWhereASecretComesFrom) {
  auto schema = json::parse(kSchema);
  schema["properties"]["bot_token"]["x-obtain"] = "under OAuth & Permissions";
  const auto checked = check_config(type_with(schema.dump()),
                                    {"work", {{"bot_token", ""}}, {.unresolved = {{"/bot_token", "X is not set; set it"}}}}, scrubber_);
  ASSERT_EQ(checked.missing.size(), 1U);
  EXPECT_EQ(checked.missing[0].text, "X is not set; set it; it is under OAuth & Permissions");
}

TEST_F(ConfigCheck, SecretsBecomeReferences) {
  const auto checked = check(R"({"bot_token": "xoxb-secret", "signing_secret": ["first-secret", "second-secret"]})");
  ASSERT_TRUE(checked.problems.empty());
  EXPECT_EQ(checked.config["bot_token"], "secret:work/bot_token");
  EXPECT_EQ(checked.config["signing_secret"][1], "secret:work/signing_secret/1");
  EXPECT_EQ(value_of(checked, "secret:work/signing_secret/1"), "second-secret");
  EXPECT_FALSE(checked.secrets->contains("secret:other/bot_token"));
  EXPECT_THAT(checked.config.dump(), ::testing::Not(HasSubstr("-secret")));
  EXPECT_EQ(scrubber_.scrub("it was first-secret"), "it was ***");
  EXPECT_EQ(checked.account, "") << "no property of this schema names an account";
}

TEST_F(ConfigCheck, TheAccountIsTheValueMarkedAsOne) {
  const auto with_account = [&](const char* key, const json& config, const std::string& sink = "work") {
    auto schema = json::parse(kSchema);
    schema["properties"][key]["x-account"] = true;
    return check_config(type_with(schema.dump()), {sink, config, {}}, scrubber_);
  };
  const auto owner = [](const CheckedConfig& checked, const std::string& sink) { return checked.secrets->owner(checked.account, sink); };

  const auto secret = with_account("bot_token", {{"bot_token", "xoxb-secret"}});
  EXPECT_EQ(secret.account, "secret:work/bot_token");
  EXPECT_EQ(owner(secret, "work"), "credential:" + SecretTable::fingerprint(base::Secret("xoxb-secret")));

  const auto plain = with_account("room", {{"bot_token", "xoxb-secret"}, {"room", "ABC"}});
  EXPECT_EQ(plain.config["room"], "ABC") << "not a secret, so the plugin gets the value";
  EXPECT_EQ(owner(plain, "work"), owner(with_account("room", {{"bot_token", "xoxb-other"}, {"room", "ABC"}}, "home"), "home"));
  EXPECT_NE(owner(plain, "work"), owner(with_account("room", {{"bot_token", "xoxb-secret"}, {"room", "ABD"}}), "work"));
  EXPECT_EQ(scrubber_.scrub("in room ABC"), "in room ABC");

  EXPECT_NE(with_account("retries", {{"bot_token", "xoxb-secret"}, {"retries", 5}}).account, "");
  EXPECT_NE(with_account("api_url", {{"bot_token", "xoxb-secret"}}).account, "") << "a default is a value";
  const auto none = with_account("room", {{"bot_token", "xoxb-secret"}});
  EXPECT_EQ(none.account, "");
  EXPECT_EQ(owner(none, "work"), "sink:work");
}

TEST_F(ConfigCheck, ABrokenSecretIsNotQuoted) {
  for (const auto& problem : check(R"({"bot_token": "abc-secret-value"})").problems)
    EXPECT_THAT(problem.text, ::testing::Not(HasSubstr("abc-secret")));
}

TEST_F(ConfigCheck, Destination) {
  const auto checked = check(R"({"bot_token": "xoxb-1", "channel": "C1"})");
  EXPECT_EQ(checked.destination_key, "channel");
  EXPECT_EQ(checked.fixed_destination, "C1");
  EXPECT_EQ(check(R"({"bot_token": "xoxb-1"})").fixed_destination, "");
}

TEST_F(ConfigCheck, MissingRequiredSecretParksTheSink) {
  const auto checked = check(R"({"bot_token": ""})", {{"/bot_token", "environment variable SLACK_BOT_TOKEN is not set"}});
  EXPECT_TRUE(checked.problems.empty());
  ASSERT_EQ(checked.missing.size(), 1U);
  EXPECT_EQ(checked.missing[0].pointer, "/bot_token");
  EXPECT_EQ(checked.missing[0].text, "environment variable SLACK_BOT_TOKEN is not set");
  EXPECT_EQ(value_of(checked, "secret:work/bot_token"), "");
}

TEST_F(ConfigCheck, MissingOptionalSecretCountsAsNotWritten) {
  const auto checked =
      check(R"({"bot_token": "xoxb-1", "app_token": "", "signing_secret": ["", "real-secret", ""]})",
            {{"/app_token", "A is not set"}, {"/signing_secret/0", "B is not set"}, {"/signing_secret/2", "C is not set"}});
  EXPECT_FALSE(has_error(checked.problems));
  EXPECT_EQ(checked.problems.size(), 3U);
  EXPECT_FALSE(checked.config.contains("app_token"));
  ASSERT_EQ(checked.config["signing_secret"].size(), 1U);
  EXPECT_EQ(value_of(checked, "secret:work/signing_secret/0"), "real-secret");
  const auto none = check(R"({"bot_token": "xoxb-1", "signing_secret": [""]})", {{"/signing_secret/0", "B is not set"}});
  EXPECT_FALSE(has_error(none.problems));
  EXPECT_FALSE(none.config.contains("signing_secret"));
}

TEST_F(ConfigCheck, AnEntryThatIsLeftOutTakesItsFileWithIt) {
  const auto file = [](const std::string& holds) {
    return SecretFile{"/dev/null", [holds]() -> base::Result<std::string> { return holds; }};
  };
  const auto checked =
      check_config(type_with(kSchema),
                   {"work",
                    json::parse(R"({"bot_token": "xoxb-1", "signing_secret": ["", "old-secret", "", "plain-secret", "older-secret"]})"),
                    {.left_out = {"/signing_secret/0", "/signing_secret/2"},
                     .files = {{"/signing_secret/0", file("none")},
                               {"/signing_secret/1", file("new-secret")},
                               {"/signing_secret/4", file("newer-secret")}}}},
                   scrubber_);
  ASSERT_EQ(checked.config["signing_secret"].size(), 3U);
  EXPECT_EQ(value_of(checked, "secret:work/signing_secret/0"), "new-secret");
  EXPECT_EQ(value_of(checked, "secret:work/signing_secret/1"), "plain-secret");
  EXPECT_EQ(value_of(checked, "secret:work/signing_secret/2"), "newer-secret");
}

TEST_F(ConfigCheck, OtherMissingReferenceIsAnError) {
  const auto checked = check(R"({"bot_token": "xoxb-1", "channel": ""})", {{"/channel", "file channel.txt is not there"}});
  ASSERT_EQ(checked.problems.size(), 1U);
  EXPECT_EQ(checked.problems[0], (Finding{Finding::Severity::error, "/channel", "file channel.txt is not there"}));
}

TEST(Overrides, OnlyWhatTheSchemaAllows) {
  const auto type = type_with(kSchema);
  EXPECT_TRUE(check_overrides(type, json::parse(R"({"channel": "C1", "footer": "x"})")).empty());
  const auto secret = check_overrides(type, json::parse(R"({"bot_token": "xoxb-1"})"));
  ASSERT_EQ(secret.size(), 1U);
  EXPECT_EQ(secret[0].text, "a route cannot override \"bot_token\" of a sink of type \"slack\"; set it in the sink's config");
  const auto typo = check_overrides(type, json::parse(R"({"chanel": "C1"})"));
  ASSERT_EQ(typo.size(), 1U);
  EXPECT_EQ(typo[0].text, "unknown key \"chanel\"; did you mean \"channel\"?");
  const auto wrong = check_overrides(type, json::parse(R"({"channel": 5})"));
  ASSERT_EQ(wrong.size(), 1U);
  EXPECT_EQ(wrong[0].pointer, "/channel");
}

TEST(Schema, APatternOfWhatIsMistakenIsCompiledBeforehand) {
  EXPECT_FALSE(check_schema(json::parse(R"({"type": "object", "properties": {"a": {"type": "string", "x-mistaken": {"(": "x"}}}})")));
}

TEST(Schema, Refusals) {
  const auto refusal = [](const char* schema) {
    const auto usable = check_schema(json::parse(schema));
    return usable ? "" : usable.error().message;
  };
  EXPECT_EQ(refusal(R"({"type": "object"})"), "");
  EXPECT_EQ(refusal("[]"), "is a list, wanted a JSON object");
  EXPECT_THAT(refusal("{}"), HasSubstr("\"type\": \"object\""));
  EXPECT_THAT(refusal(R"({"type": "object", "properties": {"a": {"type": 5}}})"), HasSubstr("not a usable JSON Schema"));
  EXPECT_THAT(refusal(R"({"type": "object", "properties": {"a": {"pattern": "("}}})"), HasSubstr("not a usable JSON Schema"));
  EXPECT_THAT(refusal(R"({"type": "object", "properties": {"a": {"$ref": "http://example.com/x.json"}}})"),
              HasSubstr("not a usable JSON Schema"));
  EXPECT_THAT(refusal(R"({"type": "object", "required": "a"})"), HasSubstr("not a usable JSON Schema"));
  EXPECT_EQ(refusal(R"({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}})"), "");
}

TEST(Schema, AKeywordWithoutOurWordsIsStillRefused) {
  const json schema = json::parse(R"({"type": "object", "properties": {"a": {"not": {"type": "string"}}}})");
  const auto problems = validate(schema, json::parse(R"({"a": "x"})"));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].pointer, "/a");
}

}  // namespace
}  // namespace belfry::plugin
