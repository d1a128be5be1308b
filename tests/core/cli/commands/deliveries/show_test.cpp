#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands/deliveries/deliveries.hpp"
#include "cli/commands/deliveries/delivery_text.hpp"
#include "cli/local_time.hpp"
#include "core/cli/scripted_gateway.hpp"

namespace belfry::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json dead_match() {
  const json delivery{{"id", "d-1"},
                      {"sink", "slack"},
                      {"destination", {{"audience", "direct"}, {"address", "ada@example.com"}}},
                      {"route", "everyone"},
                      {"state", "dead"},
                      {"created_at", "2026-01-31T09:00:00.000Z"},
                      {"ended_at", "2026-01-31T09:00:01.000Z"},
                      {"reason", "no_such_user"},
                      {"detail", "Slack has no user with this address"},
                      {"receipt", nullptr}};
  const json attempt{{"delivery", "d-1"},
                     {"number", 1},
                     {"started_at", "2026-01-31T09:00:00.000Z"},
                     {"finished_at", "2026-01-31T09:00:01.000Z"},
                     {"outcome", "rejected"},
                     {"reason", "no_such_user"},
                     {"detail", "users.lookupByEmail"},
                     {"late", false}};
  return {{"notification",
           {{"id", "n-1"},
            {"source", "coder"},
            {"msg_id", "m-1"},
            {"received_at", "2026-01-31T09:00:00.000Z"},
            {"event", "Workspace Deleted"},
            {"title", "Workspace deleted"},
            {"body", "one\ntwo"},
            {"to", "ada@example.com"},
            {"name", "Ada"},
            {"labels", {{"team", "platform"}}},
            {"sensitive", false},
            {"erased", false}}},
          {"deliveries", {delivery}},
          {"attempts", {attempt}},
          {"decisions", {{{"at", "2026-01-31T09:00:00.000Z"}, {"delivery", "d-1"}, {"event", "routed"}, {"detail", "route everyone"}}}},
          {"explanation", "Received from coder."}};
}

TEST(DeliveriesShowTest, ShowsEverythingAboutOne) {
  const auto text = match_text(dead_match(), {});
  for (const auto* part :
       {"Notification n-1\n", "  msg_id        m-1\n", "  to            Ada <ada@example.com>\n",
        "  body          one\n                two\n", "  labels        team=platform\n", "\nReceived from coder.\n", "\nDelivery d-1\n",
        "  state         dead\n", "  target        slack, ada@example.com\n",
        "  last outcome  no_such_user: Slack has no user with this address\n", ": rejected (no_such_user): users.lookupByEmail\n",
        "run: belfry deliveries retry d-1; to end it, run: belfry deliveries discard d-1 --reason TEXT\n", "\nDecisions\n",
        "  routed: route everyone\n"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(DeliveriesShowTest, NextStepsFollowFromTheState) {
  for (const auto& [state, words] : std::vector<std::pair<std::string, std::string>>{{"waiting", "belfry status"},
                                                                                     {"in_flight", "being sent"},
                                                                                     {"backoff", "belfry sinks release slack"},
                                                                                     {"held", "held until"},
                                                                                     {"delivered", "arrived"},
                                                                                     {"discarded", "operator discarded"},
                                                                                     {"rejected", "fallback"},
                                                                                     {"dead", "belfry deliveries retry d"}}) {
    EXPECT_THAT(next_step_text({{"id", "d"}, {"sink", "slack"}, {"state", state}, {"due_at", "2026-01-31T09:00:00.000Z"}}),
                HasSubstr(words));
  }
}

TEST(DeliveriesShowTest, CommandsNameTheConfiguration) {
  ScriptedGateway gateway;
  gateway.config = "new.yaml";
  auto match = dead_match();
  match["explanation"] = "Send it again with `belfry deliveries retry d-1`.";
  match["notification"]["title"] = "run belfry reload";
  match["deliveries"][0]["detail"] = "or at once after belfry sinks release slack";
  gateway.expect("GET", "/api/v1/deliveries/d-1", json{{"matches", {match}}});
  EXPECT_EQ(show_delivery(gateway.session(), "d-1"), 0);
  for (const auto* part :
       {"`belfry deliveries retry --config new.yaml d-1`.", "run: belfry deliveries retry --config new.yaml d-1; to end it",
        "after belfry sinks release --config new.yaml slack", "title         run belfry reload\n"})
    EXPECT_THAT(gateway.out.str(), HasSubstr(part));
  gateway.expect("GET", "/api/v1/deliveries/d-2", base::ErrorCode::failed, "it is full; see belfry status");
  EXPECT_EQ(show_delivery(gateway.session(), "d-2"), kExitFailed);
  EXPECT_THAT(gateway.err.str(), HasSubstr("see belfry status --config new.yaml"));
}

TEST(DeliveriesShowTest, TimesInDecisionsAreLocal) {
  auto match = dead_match();
  const std::string held = "quiet hours until 2026-12-02T06:00:00.000Z (2026-12-02 07:00 in Europe/Berlin)";
  match["decisions"] = {{{"at", "2026-01-31T09:00:00.000Z"}, {"event", "held"}, {"detail", held}},
                        {{"at", "2026-01-31T09:00:00.000Z"}, {"event", "rejected"}, {"detail", "at 2026-12-02T06:00:00.000Z"}}};
  const auto text = match_text(match, {});
  EXPECT_THAT(text,
              HasSubstr("held: quiet hours until " + local_time("2026-12-02T06:00:00.000Z") + " (2026-12-02 07:00 in Europe/Berlin)\n"));
  EXPECT_THAT(text, HasSubstr("rejected: at 2026-12-02T06:00:00.000Z\n")) << "the text of another program";
}

TEST(DeliveriesShowTest, SensitiveTextIsNotShown) {
  auto match = dead_match();
  match["notification"]["title"] = nullptr;
  match["notification"]["body"] = nullptr;
  match["notification"]["sensitive"] = true;
  EXPECT_THAT(match_text(match, {}), HasSubstr("not shown, because it is sensitive"));
  match["notification"]["erased"] = true;
  EXPECT_THAT(match_text(match, {}), HasSubstr("erased after it was delivered"));
}

TEST(DeliveriesShowTest, EscapesUntrustedText) {
  auto match = dead_match();
  const std::string evil = "\x1b]0;x\x07 \u202e";
  for (const auto* key : {"source", "msg_id", "event", "title", "body", "to", "name"}) match["notification"][key] = evil;
  match["notification"]["labels"][evil] = evil;
  for (const auto* key : {"id", "sink", "route", "state", "reason", "detail"}) match["deliveries"][0][key] = evil;
  match["deliveries"][0]["receipt"] = {{"ts", evil}};
  match["attempts"][0]["delivery"] = evil;
  for (const auto* key : {"outcome", "reason", "detail"}) match["attempts"][0][key] = evil;
  match["decisions"][0]["detail"] = evil;
  match["explanation"] = evil;
  const auto text = match_text(match, {.terminal = true, .width = 100, .height = 40});
  for (const auto* hidden : {"\x1b", "\x07", "\u202e"}) EXPECT_THAT(text, Not(HasSubstr(hidden)));
}

TEST(DeliveriesShowTest, AsksForTheIdAsItIs) {
  ScriptedGateway gateway;
  gateway.expect("GET", "/api/v1/deliveries/a%2Fb%3Fc", base::ErrorCode::not_found, "no delivery, notification or msg_id is \"a/b?c\"");
  EXPECT_EQ(show_delivery(gateway.session(), "a/b?c"), kExitFailed);
  EXPECT_THAT(gateway.err.str(), HasSubstr("belfry deliveries show: no delivery, notification or msg_id is"));
  EXPECT_EQ(show_delivery(gateway.session(), ""), kExitUsage);
}

TEST(DeliveriesShowTest, PrintsJson) {
  ScriptedGateway gateway;
  gateway.json = true;
  const json document{{"matches", {dead_match()}}};
  gateway.expect("GET", "/api/v1/deliveries/d-1", document);
  EXPECT_EQ(show_delivery(gateway.session(), "d-1"), 0);
  EXPECT_EQ(json::parse(gateway.out.str()), document);
}

}  // namespace
}  // namespace belfry::cli
