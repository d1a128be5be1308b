#include "support.hpp"

namespace belfry::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::map<std::string, std::string> good() {
  return {{"SLACK_BOT_TOKEN", "xoxb-1"}, {"SLACK_SIGNING_SECRET", "s3cret"}, {"HOME", "/home/belfry"}};
}

LoadResult load(const std::map<std::string, std::string>& variables) { return load_environment(test::environment(variables)); }

TEST(LoadEnvironment, IsADropInForTheGuidesApplication) {
  const auto loaded = load(good());
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  const auto& settings = *loaded.settings;
  EXPECT_EQ(settings.file, "");
  EXPECT_EQ(settings.server.listen, "[::]:6000");
  ASSERT_EQ(settings.sources.size(), 1U);
  EXPECT_EQ(settings.sources[0].name, "coder");
  EXPECT_EQ(settings.sources[0].path, "/v1/webhook");
  EXPECT_TRUE(settings.sources[0].auth.none());
  ASSERT_EQ(settings.sinks.size(), 1U);
  EXPECT_EQ(settings.sinks[0].plugin, "slack");
  EXPECT_EQ(settings.sinks[0].config,
            nlohmann::json::parse(R"({"bot_token": "xoxb-1", "signing_secret": "s3cret", "interactivity": {"path": "/slack/events"}})"));
  ASSERT_EQ(settings.pipeline.routes.size(), 1U);
  EXPECT_EQ(settings.pipeline.routes[0].name, "everyone");
  EXPECT_TRUE(settings.pipeline.routes[0].when.always());
  ASSERT_EQ(settings.pipeline.routes[0].to.size(), 1U);
  EXPECT_EQ(settings.pipeline.routes[0].to[0].sink, "slack");
  EXPECT_EQ(settings.store.path, "/home/belfry/.local/state/belfry/belfry.db");
}

TEST(LoadEnvironment, WarnsThatAnyoneMaySend) {
  const auto loaded = load(good());
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].severity, Diagnostic::Severity::warning);
  EXPECT_THAT(loaded.problems[0].to_string(), ::testing::StartsWith("warning: anyone who can reach [::]:6000"));
}

TEST(LoadEnvironment, AsksForThePassword) {
  auto variables = good();
  variables["BELFRY_WEBHOOK_PASSWORD"] = "open sesame";
  const auto loaded = load(variables);
  ASSERT_TRUE(loaded.settings) << test::lines(loaded);
  EXPECT_EQ(test::lines(loaded), "");
  EXPECT_EQ(loaded.settings->sources[0].auth.basic_username, "coder");
  EXPECT_EQ(loaded.settings->sources[0].auth.basic_passwords.at(0).reveal(), "open sesame");
}

TEST(LoadEnvironment, AnEmptyPasswordIsNone) {
  auto variables = good();
  variables["BELFRY_WEBHOOK_PASSWORD"] = "";
  const auto loaded = load(variables);
  EXPECT_FALSE(loaded.settings);
  EXPECT_THAT(test::lines(loaded), HasSubstr("error: environment variable BELFRY_WEBHOOK_PASSWORD is empty; give it the password"));
}

TEST(LoadText, WarnsOfAPasswordThatNobodyAsksFor) {
  const std::map<std::string, std::string> variables{{"HOME", "/home/belfry"}, {"BELFRY_WEBHOOK_PASSWORD", "open sesame"}};
  const auto text = [](const std::string& source) {
    return "version: 1\nsources: { coder: " + source +
           " }\nsinks: { slack: { plugin: slack } }\npipeline: { routes: [{ name: everyone, to: [slack] }] }\n";
  };
  const auto sentence = HasSubstr("warning: sources.coder requires no password although BELFRY_WEBHOOK_PASSWORD is set; write auth:");
  EXPECT_THAT(test::lines(load_text(text("{}"), "belfry.yaml", test::environment(variables))), sentence);
  const auto basic = text("{ auth: { basic: { username: coder, password: \"${file:none:-${env:BELFRY_WEBHOOK_PASSWORD:-}}\" } } }");
  EXPECT_EQ(test::lines(load_text(basic, "belfry.yaml", test::environment(variables))), "");
  const auto other = text("{ auth: { basic: { username: coder, password: \"${env:NO:-}\" } } }");
  EXPECT_THAT(test::lines(load_text(other, "belfry.yaml", test::environment(variables))), sentence);
}

TEST(LoadEnvironment, WithoutATokenSaysWhatToDo) {
  for (const auto* value : {"", static_cast<const char*>(nullptr)}) {
    auto variables = good();
    variables.erase("SLACK_BOT_TOKEN");
    if (value != nullptr) variables["SLACK_BOT_TOKEN"] = value;
    const auto loaded = load(variables);
    EXPECT_FALSE(loaded.settings);
    EXPECT_THAT(test::lines(loaded), HasSubstr("error: environment variable SLACK_BOT_TOKEN is not set; set it"));
  }
}

TEST(LoadEnvironment, WithoutASigningSecretThereAreNoInteractions) {
  auto variables = good();
  variables.erase("SLACK_SIGNING_SECRET");
  EXPECT_EQ(load(variables).settings->sinks[0].config, nlohmann::json::parse(R"({"bot_token": "xoxb-1"})"));
}

TEST(LoadEnvironment, TakesThePort) {
  auto variables = good();
  variables["PORT"] = "8080";
  EXPECT_EQ(load(variables).settings->server.listen, "[::]:8080");
  variables["PORT"] = "";
  EXPECT_EQ(load(variables).settings->server.listen, "[::]:6000");
  for (const auto* port : {"0", "65536", "http", "-1", "80 "}) {
    variables["PORT"] = port;
    EXPECT_FALSE(load(variables).settings) << port;
    EXPECT_THAT(test::lines(load(variables)), HasSubstr("error: environment variable PORT is \"")) << port;
  }
}

TEST(LoadEnvironment, FindsAPlaceForTheQueue) {
  auto variables = good();
  variables["XDG_STATE_HOME"] = "/xdg";
  EXPECT_EQ(load(variables).settings->store.path, "/xdg/belfry/belfry.db");
  variables["XDG_STATE_HOME"] = "relative";  // must be ignored, by the XDG base directory specification
  EXPECT_EQ(load(variables).settings->store.path, "/home/belfry/.local/state/belfry/belfry.db");
  variables["STATE_DIRECTORY"] = "/var/lib/belfry:/var/lib/other";
  EXPECT_EQ(load(variables).settings->store.path, "/var/lib/belfry/belfry.db");
  variables = good();
  variables.erase("HOME");
  EXPECT_FALSE(load(variables).settings);
}

TEST(LoadEnvironment, SearchesPlugins) {
  auto variables = good();
  EXPECT_THAT(load(variables).settings->plugins.directories, ElementsAre("/usr/lib/belfry/plugins", "/usr/local/lib/belfry/plugins"));
  variables["BELFRY_PLUGIN_DIR"] = "/a::/b";
  EXPECT_THAT(load(variables).settings->plugins.directories,
              ElementsAre("/usr/lib/belfry/plugins", "/usr/local/lib/belfry/plugins", "/a", "/b"));
}

}  // namespace
}  // namespace belfry::config
