#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands/deliveries/deliveries.hpp"
#include "cli/local_time.hpp"
#include "core/cli/scripted_gateway.hpp"

namespace belfry::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kListPath = "/api/v1/deliveries";

json listed_delivery(const std::string& id) {
  return {{"id", id},
          {"event", "Workspace Deleted"},
          {"to", "ada@example.com"},
          {"sink", "slack"},
          {"destination", {{"audience", "direct"}, {"address", "ada@example.com"}}},
          {"state", "dead"},
          {"created_at", "2026-01-31T09:00:00.000Z"},
          {"attempts", 3},
          {"reason", "no_such_user"},
          {"receipt", nullptr}};
}

json page_of(std::size_t count, const json& next) {
  json page{{"deliveries", json::array()}, {"next", next}};
  for (std::size_t i = 0; i < count; ++i) page["deliveries"].push_back(listed_delivery("id-" + std::to_string(i)));
  return page;
}

TEST(DeliveriesListTest, FollowsCursorsUpToTheLimit) {
  ScriptedGateway gateway;
  gateway.expect("GET", kListPath, page_of(1000, "d1-9000"));
  gateway.expect("GET", kListPath, page_of(500, "d1-8500"));
  ListOptions options{.state = "dead", .filter = {.sink = "slack", .to = "ada@example.com", .event = "X", .since = "2d"}, .limit = 1500};
  EXPECT_EQ(list_deliveries(gateway.session(), options), 0);
  EXPECT_TRUE(gateway.finished());
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"state", "dead"},
                                                                                    {"sink", "slack"},
                                                                                    {"to", "ada@example.com"},
                                                                                    {"event", "X"},
                                                                                    {"since", "2d"},
                                                                                    {"limit", "1000"},
                                                                                    {"cursor", ""}})
    EXPECT_EQ(gateway.query(0, name), value) << name;
  EXPECT_EQ(gateway.query(1, "limit"), "500");
  EXPECT_EQ(gateway.query(1, "cursor"), "d1-9000");
  EXPECT_EQ(gateway.err.str(), "1500 shown, newest first; --limit N shows more\n");
}

TEST(DeliveriesListTest, PrintsATable) {
  ScriptedGateway gateway;
  auto page = page_of(1, nullptr);
  page["deliveries"].push_back(listed_delivery("id-shared"));
  page["deliveries"][1]["destination"] = {{"audience", "shared"}, {"address", "C0123456789"}};
  gateway.expect("GET", kListPath, page);
  EXPECT_EQ(list_deliveries(gateway.session(), {}), 0);
  EXPECT_EQ(gateway.query(0, "limit"), "50");
  const auto time = local_time(std::string("2026-01-31T09:00:00.000Z"));
  EXPECT_THAT(gateway.out.str(), HasSubstr(time + "  dead   slack  ada@example.com  Workspace Deleted      3  id-0       no_such_user\n"));
  EXPECT_THAT(gateway.out.str(), HasSubstr(time + "  dead   slack  C0123456789      Workspace Deleted"));
  EXPECT_THAT(gateway.out.str(), Not(HasSubstr("\t")));
  EXPECT_EQ(gateway.err.str(), "");
}

TEST(DeliveriesListTest, PrintsOneJsonDocument) {
  ScriptedGateway gateway;
  gateway.json = true;
  gateway.expect("GET", kListPath, page_of(2, "d1-1"));
  EXPECT_EQ(list_deliveries(gateway.session(), {.limit = 2}), 0);
  EXPECT_EQ(json::parse(gateway.out.str()), json({{"deliveries", page_of(2, nullptr).at("deliveries")}}));
  EXPECT_EQ(gateway.err.str(), "");
}

TEST(DeliveriesListTest, EscapesUntrustedText) {
  ScriptedGateway gateway;
  gateway.style = {.terminal = true, .width = 200, .height = 40};
  auto page = page_of(1, nullptr);
  for (const auto* key : {"event", "to", "sink", "state", "reason", "id"}) page["deliveries"][0][key] = "\x1b[31m\nx\u202e";
  gateway.expect("GET", kListPath, page);
  EXPECT_EQ(list_deliveries(gateway.session(), {}), 0);
  EXPECT_THAT(gateway.out.str(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(gateway.out.str(), Not(HasSubstr("\u202e")));
  EXPECT_THAT(gateway.out.str(), HasSubstr("\\x1b[31m\\nx\\u{202e}"));
}

TEST(DeliveriesListTest, NoMatchIsNoError) {
  ScriptedGateway gateway;
  gateway.expect("GET", kListPath, page_of(0, nullptr));
  EXPECT_EQ(list_deliveries(gateway.session(), {}), 0);
  EXPECT_EQ(gateway.out.str(), "");
  EXPECT_EQ(gateway.err.str(), "no deliveries match\n");
}

TEST(DeliveriesListTest, MistakesAreUsageErrors) {
  for (const auto& [options, words] :
       std::vector<std::pair<ListOptions, std::string>>{{{.state = "deaf"}, "--state is \"deaf\"; write waiting, in_flight, "},
                                                        {{.filter = {.since = "2 days"}}, "--since is \"2 days\"; write"}}) {
    ScriptedGateway gateway;
    EXPECT_EQ(list_deliveries(gateway.session(), options), kExitUsage);
    EXPECT_THAT(gateway.err.str(), HasSubstr("belfry deliveries list: " + words));
    EXPECT_TRUE(gateway.calls.empty());
  }
  ScriptedGateway gateway;
  gateway.expect("GET", kListPath, base::ErrorCode::invalid, "no sink is named \"slak\"; there is slack");
  EXPECT_EQ(list_deliveries(gateway.session(), {.filter = {.sink = "slak"}}), kExitUsage);
  gateway.expect("GET", kListPath, base::ErrorCode::unavailable, "no gateway answers");
  EXPECT_EQ(list_deliveries(gateway.session(), {}), kExitFailed);
  EXPECT_THAT(gateway.err.str(), HasSubstr("belfry deliveries list: no gateway answers\n"));
}

}  // namespace
}  // namespace belfry::cli
