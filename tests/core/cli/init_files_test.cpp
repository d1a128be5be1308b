#include "cli/init_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/shipped_configuration.hpp"

namespace belfry::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(SetupTest, TokensByTheirShape) {
  for (const auto* good : {"xoxb-1", "xoxb-12-34-aBc", "xoxe.xoxb-1-abc"}) EXPECT_EQ(bot_token_problem(good), std::nullopt) << good;
  for (const auto* bad : {"", "xoxb-", "xoxb", "xoxp-1-2", "xoxe.xoxp-1", "xapp-1", "xoxe-1", "xoxb-1 2", "xoxb-1\n", " xoxb-1",
                          "Bearer xoxb-1", "xoxb-\xc3\xa9", "${env:X}"}) {
    const auto problem = bot_token_problem(bad);
    ASSERT_TRUE(problem) << bad;
    EXPECT_THAT(*problem, HasSubstr("api.slack.com/apps"));
  }
}

TEST(SetupTest, AProblemNeverShowsTheValue) {
  EXPECT_THAT(*bot_token_problem("hunter2hunter2"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(*signing_secret_problem("hunter2 hunter2"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(*webhook_password_problem("hunter2"), Not(HasSubstr("hunter2")));
}

TEST(SetupTest, PasswordsNeedNoEscaping) {
  for (int i = 0; i < 100; ++i) {
    const auto password = new_webhook_password();
    EXPECT_EQ(password.reveal().size(), 32U);
    EXPECT_EQ(webhook_password_problem(password.reveal()), std::nullopt);
    EXPECT_THAT(coder_environment("", "host", password), HasSubstr("http://coder:" + password.reveal() + "@127.0.0.1:6000/v1/webhook\n"));
  }
}

TEST(SetupTest, AnAddressForAllInterfacesGetsTheNameOfTheMachine) {
  const base::Secret password("p@ss w:rd");
  EXPECT_THAT(coder_environment("[::]:6000", "belfry.example.com", password),
              HasSubstr("http://coder:p%40ss%20w%3Ard@belfry.example.com:6000/"));
  EXPECT_THAT(coder_environment("0.0.0.0:80", "belfry.example.com", password), HasSubstr("@belfry.example.com:80/"));
  EXPECT_THAT(coder_environment("[::1]:6000", "belfry.example.com", password), HasSubstr("@[::1]:6000/"));
}

TEST(SetupTest, ThePackagedOneIsTheShippedOne) {
  EXPECT_EQ(configuration_text({"/etc/belfry", true}, "").value(), kShippedConfiguration);
  const auto other = configuration_text({"/etc/belfry", true}, "[::]:6000").value();
  EXPECT_THAT(other, HasSubstr("  listen: \"[::]:6000\"\n"));
}

TEST(SetupTest, ElsewhereNothingIsWrittenOutside) {
  const auto text = configuration_text({"/home/coder/belfry", false}, "").value();
  EXPECT_THAT(text, HasSubstr("path: \"/home/coder/belfry/state/belfry.db\""));
  EXPECT_THAT(text, HasSubstr("\"unix:/home/coder/belfry/admin.sock\""));
  EXPECT_THAT(text, Not(HasSubstr("/var/lib")));
  EXPECT_THAT(text, Not(HasSubstr("/run/")));
  EXPECT_THAT(text, Not(HasSubstr("\nplugins:")));
  EXPECT_THAT(configuration_text({"/" + std::string(120, 'd'), false}, "").value(), HasSubstr("listen: [\"127.0.0.1:9664\"]"));
  EXPECT_FALSE(configuration_text({"/tmp/\"", false}, ""));
}

}  // namespace
}  // namespace belfry::cli
