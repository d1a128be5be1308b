// The online check of a configuration, through the real plugin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "belfry/testkit/fake_host.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testkit::FakeHost;
using testkit::Request;
using testkit::Response;
using enum Finding::Severity;

constexpr const char* kScopes = "chat:write,users:read,users:read.email,im:history,im:write";

class OnlineCheckTest : public testing::Test {
 protected:
  Findings check(const json& config = {{"bot_token", "xoxb-secret-token"}}) {
    if (!host.configure(config)) throw std::logic_error("configure");
    return host.check_online();
  }
  void good(const std::string& scopes = kScopes) {
    host.on("POST", "/auth.test",
            Response::json(200, {{"ok", true}, {"team", "Acme"}, {"url", "https://acme.slack.com/"}, {"user", "coder"}},
                           {{"X-OAuth-Scopes", scopes}}));
    host.on("POST", "/blocks.validate", Response::json(200, {{"ok", true}}));
  }
  // All findings of one severity, one per line.
  static std::string texts(const Findings& findings, Finding::Severity severity) {
    std::string out;
    for (const auto& finding : findings) {
      if (finding.severity == severity) out += finding.pointer + " " + finding.text + "; " + finding.remedy + "\n";
    }
    return out;
  }
  void TearDown() override { EXPECT_THAT(host.violations(), IsEmpty()); }

  FakeHost host{testkit::load_plugin(std::filesystem::path(std::getenv("BELFRY_BUILD_DIR")) / "plugins/slack.so")};
};

TEST_F(OnlineCheckTest, AllIsWell) {
  good();
  const auto findings = check();
  EXPECT_EQ(texts(findings, error), "");
  EXPECT_EQ(texts(findings, warning), "");
  EXPECT_THAT(texts(findings, note), HasSubstr("workspace Acme (https://acme.slack.com/), bot coder"));
  EXPECT_THAT(texts(findings, note), HasSubstr("Messages Tab"));
  for (const auto& request : host.requests()) {
    EXPECT_TRUE(request.url.contains("auth.test") || request.url.contains("blocks.validate")) << request.url;
    EXPECT_EQ(request.header("authorization").empty(), request.url.contains("blocks.validate")) << "blocks.validate takes no token";
  }
}

TEST_F(OnlineCheckTest, AsksAboutWhatIsReallySent) {
  good();
  static_cast<void>(check());
  const auto sent = std::ranges::find_if(host.requests(), [](const Request& r) { return r.url.contains("blocks.validate"); });
  ASSERT_NE(sent, host.requests().end());
  EXPECT_TRUE(sent->body.starts_with("blocks=%5B%7B"));
  EXPECT_THAT(sent->body, HasSubstr("sample"));
}

TEST_F(OnlineCheckTest, ScopesThatAreMissing) {
  good("chat:write, users:read");
  const auto findings = check();
  EXPECT_THAT(texts(findings, error), HasSubstr("/bot_token the token lacks the scope users:read.email"));
  EXPECT_THAT(texts(findings, error), HasSubstr("reinstall the app"));
  EXPECT_THAT(texts(findings, error), Not(HasSubstr("scope users:read:")));
  EXPECT_THAT(texts(findings, error), Not(HasSubstr("chat:write")));
  EXPECT_THAT(texts(findings, warning), HasSubstr("im:history"));
  EXPECT_THAT(texts(findings, warning), HasSubstr("im:write"));
}

TEST_F(OnlineCheckTest, AChannelNeedsNoScopesForPeople) {
  good("chat:write,channels:history");
  const auto findings = check({{"bot_token", "xoxb-secret-token"}, {"channel", "C0123456789"}});
  EXPECT_EQ(texts(findings, error), "");
  EXPECT_EQ(texts(findings, warning), "");
  EXPECT_THAT(texts(findings, note), Not(HasSubstr("Messages Tab")));
}

TEST_F(OnlineCheckTest, AFallbackChannelIsReadBackToo) {
  const json config{{"bot_token", "xoxb-secret-token"}, {"fallback_channel", "C0123456789"}};
  good("chat:write,users:read,users:read.email,im:history,im:write");
  EXPECT_THAT(texts(check(config), warning), HasSubstr("channels:history"));
  good("chat:write,users:read,users:read.email,im:history,im:write,channels:history");
  EXPECT_EQ(texts(host.check_online(), warning), "");
}

TEST_F(OnlineCheckTest, AChannelIsReadBackWithOneOfTwoScopes) {
  const json config{{"bot_token", "xoxb-secret-token"}, {"channel", "C0123456789"}};
  good("chat:write,im:history,im:write");
  EXPECT_EQ(
      texts(check(config), warning),
      "/bot_token the token lacks the scope channels:history, or for a private channel groups:history: after a crash Belfry cannot check "
      "whether a message arrived, and sends it again with a note; add it under OAuth & Permissions of the app at "
      "https://api.slack.com/apps and reinstall the app\n");
  good("chat:write,groups:history");
  EXPECT_EQ(texts(host.check_online(), warning), "");
}

struct ChannelCase {
  const char* name;
  const char* scopes;
  json answer;
  Finding::Severity severity;
  const char* text;
};

TEST_F(OnlineCheckTest, AChannelThatTheAppMayPostTo) {
  const json silent{{"ok", true}, {"channel", {{"id", "C0123456789"}, {"name", "ops"}}}};
  const auto described = [&](bool member, bool is_private = false, bool archived = false) {
    auto answer = silent;
    answer["channel"].update({{"is_member", member}, {"is_private", is_private}, {"is_archived", archived}});
    return answer;
  };
  const ChannelCase cases[] = {
      {"a member", "channels:read", described(true), note, "the app is a member of the channel C0123456789 (#ops)"},
      {"not a member", "channels:read", described(false), error,
       "the app is not a member of the channel C0123456789 (#ops): Slack refuses messages to it; invite the app: type \"/invite @\" "
       "followed by "
       "the app's name in the channel, or add the scope chat:write.public to the app and reinstall it"},
      {"public, and anyone may post", "channels:read,chat:write.public", described(false), note, "the app need not be a member"},
      {"private, which chat:write.public does not cover", "groups:read,chat:write.public", described(false, true), error,
       "Slack refuses messages to it; invite the app: type \"/invite @\" followed by the app's name in the channel\n"},
      {"archived", "channels:read", described(true, false, true), error, "is archived: Slack refuses messages to it; unarchive it"},
      {"unknown to Slack",
       "channels:read,groups:read",
       {{"ok", false}, {"error", "channel_not_found"}},
       error,
       "Slack finds no channel C0123456789"},
      {"perhaps private", "channels:read", {{"ok", false}, {"error", "channel_not_found"}}, warning, "Slack finds no channel C0123456789"},
      {"private, without the scope",
       "channels:read",
       {{"ok", false}, {"error", "missing_scope"}},
       note,
       "was not checked: the token lacks the scope"},
      {"no scope at all", "channels:history", described(false), note, "add the scope channels:read, or for a private channel groups:read"},
      {"Slack is silent", "channels:read", silent, note, "did not report"},
      {"Slack fails",
       "channels:read",
       {{"ok", false}, {"error", "internal_error"}},
       note,
       "was not checked: Slack answered internal_error"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    good(std::string("chat:write,users:read,users:read.email,im:history,im:write,channels:history,") + c.scopes);
    host.on("GET", "/conversations.info", Response::json(200, c.answer));
    for (const auto* key : {"channel", "fallback_channel"}) {
      const auto findings = check({{"bot_token", "xoxb-secret-token"}, {key, "C0123456789"}});
      EXPECT_THAT(texts(findings, c.severity), HasSubstr(std::string("/") + key + " "));
      EXPECT_THAT(texts(findings, c.severity), HasSubstr(c.text));
      for (const auto other : {error, warning}) {
        if (other != c.severity) {
          EXPECT_EQ(texts(findings, other), "");
        }
      }
    }
  }
  for (const auto& request : host.requests()) EXPECT_THAT(request.url, Not(HasSubstr("chat."))) << "it leaves a trace";
}

TEST_F(OnlineCheckTest, SlackMayNotSayTheScopes) {
  good("");
  const auto findings = check();
  EXPECT_EQ(texts(findings, error), "");
  EXPECT_THAT(texts(findings, note), HasSubstr("did not report"));
}

TEST_F(OnlineCheckTest, AWrongTokenIsNamedWithWhatToDo) {
  good();
  host.on("POST", "/auth.test", Response::json(200, {{"ok", false}, {"error", "invalid_auth"}}));
  const auto findings = check();
  EXPECT_THAT(texts(findings, error), HasSubstr("/bot_token Slack answered invalid_auth"));
  EXPECT_THAT(texts(findings, error), HasSubstr("; copy the Bot User OAuth Token"));
  EXPECT_THAT(texts(findings, note), HasSubstr("Slack accepts a sample message")) << "the other checks still run";
}

TEST_F(OnlineCheckTest, SlackCannotBeReached) {
  host.on("POST", "/", Response::fails(HttpError::resolve, false));
  const auto findings = check();
  EXPECT_THAT(texts(findings, error), HasSubstr("cannot reach Slack"));
  EXPECT_THAT(texts(findings, note), HasSubstr("could not check"));
}

TEST_F(OnlineCheckTest, BlocksThatSlackRefuses) {
  good();
  host.on("POST", "/blocks.validate",
          Response::json(200, {{"ok", false},
                               {"error", "invalid_blocks"},
                               {"errors", {{{"pointer", "/blocks/1/text"}, {"code", "too_long"}, {"message", "must be shorter"}}}}}));
  EXPECT_THAT(texts(check(), warning), HasSubstr("must be shorter at /blocks/1/text"));
}

TEST_F(OnlineCheckTest, AsksAboutTheAppTokenAndConnectsNothing) {
  good();
  host.on("POST", "/apps.connections.open", Response::json(200, {{"ok", true}, {"url", "wss://wss.slack.com/link/?ticket=secret-ticket"}}));
  const auto findings = check({{"bot_token", "xoxb-secret-token"}, {"app_token", "xapp-secret-token"}});
  EXPECT_EQ(texts(findings, error), "");
  EXPECT_THAT(texts(findings, note), HasSubstr("/app_token the app-level token is good"));
  EXPECT_THAT(texts(findings, note), Not(HasSubstr("secret-ticket")));
  std::size_t asked = 0;
  for (const auto& request : host.requests()) {
    if (!request.url.contains("apps.connections.open")) continue;
    ++asked;
    EXPECT_EQ(request.header("authorization"), "Bearer xapp-secret-token");
  }
  EXPECT_EQ(asked, 1U);
}

TEST_F(OnlineCheckTest, AWrongAppTokenIsNamedWithWhatToDo) {
  good();
  host.on("POST", "/apps.connections.open", Response::json(200, {{"ok", false}, {"error", "not_allowed_token_type"}}));
  const auto findings = check({{"bot_token", "xoxb-secret-token"}, {"app_token", "xoxb-another-token"}});
  EXPECT_THAT(texts(findings, error), HasSubstr("/app_token Slack answered not_allowed_token_type"));
  EXPECT_THAT(texts(findings, error), HasSubstr("; make an app-level token"));
}

TEST_F(OnlineCheckTest, RenewsNoToken) {
  good();
  host.on("POST", "/auth.test", Response::json(200, {{"ok", false}, {"error", "token_expired"}}));
  const auto findings =
      check({{"bot_token", "xoxe.xoxb-1-token"},
             {"token_rotation", {{"client_id", "1.2"}, {"client_secret", "client-secret"}, {"refresh_token", "xoxe-1-r"}}}});
  EXPECT_EQ(texts(findings, error), "");
  EXPECT_THAT(texts(findings, warning), HasSubstr("kept by the running gateway"));
  for (const auto& request : host.requests()) EXPECT_THAT(request.url, Not(HasSubstr("oauth")));
}

}  // namespace
}  // namespace belfry::slack
