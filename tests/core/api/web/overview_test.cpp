#include "api/web/overview.hpp"

#include <gtest/gtest.h>

namespace belfry::api::web {
namespace {

using nlohmann::json;

json sink_status(const std::string& name, const std::string& state) {
  return {{"name", name},     {"plugin", "slack"},  {"state", state},    {"reason", "invalid_auth"}, {"detail", "why"},
          {"until", nullptr}, {"release", nullptr}, {"waiting", 0},      {"in_flight", 0},           {"backoff", 0},
          {"held", 0},        {"dead_letters", 0},  {"oldest", nullptr}, {"stalled", false}};
}

json gateway_status(json sinks) {
  return {{"version", "1"},         {"started_at", "2026-01-31T09:00:00.000Z"},
          {"ready", true},          {"reasons", json::array()},
          {"unrouted", 0},          {"notices", json::array()},
          {"last_reload", nullptr}, {"sinks", std::move(sinks)}};
}

json model_of(const json& status) { return overview_model(status, {*base::from_rfc3339("2026-01-31T10:00:00Z"), base::TimeZone()}); }

TEST(Overview, NothingNeedsAPersonWhileSinksWorkOrRecover) {
  auto sinks =
      json::array({sink_status("a", "open"), sink_status("b", "paused"), sink_status("c", "unreachable"), sink_status("d", "orphaned")});
  const auto model = model_of(gateway_status(sinks));
  EXPECT_FALSE(model["any_needs"]) << model["needs"];
  EXPECT_EQ(model["notes"].size(), 2U) << model["notes"];
}

TEST(Overview, NamesWhatNeedsAPersonAndTheCommand) {
  auto parked = sink_status("slack", "parked");
  parked["release"] = "belfry sinks release slack";
  auto orphaned = sink_status("old", "orphaned");
  orphaned["held"] = 2;
  auto stalled = sink_status("teams", "open");
  stalled["stalled"] = true;
  auto dead = sink_status("mail", "open");
  dead["dead_letters"] = 1234;
  const auto needs = model_of(gateway_status({parked, orphaned, stalled, dead}))["needs"];
  ASSERT_EQ(needs.size(), 4U) << needs;
  EXPECT_EQ(needs[0]["text"], "Sink slack is parked (invalid_auth): why");
  EXPECT_EQ(needs[0]["command"], "belfry sinks release slack");
  EXPECT_EQ(needs[0]["release"], "slack");
  EXPECT_TRUE(needs[1]["release"].is_null());
  EXPECT_TRUE(std::string(needs[2]["text"]).contains("stalled"));
  EXPECT_TRUE(std::string(needs[3]["text"]).starts_with("1,234 dead letters of sink mail wait"));
  EXPECT_EQ(needs[3]["link"]["href"], "/dead-letters?sink=mail");
}

TEST(Overview, ShowsWhyNothingIsAcceptedAndWhyAReloadWasRefused) {
  auto status = gateway_status(json::array());
  status["ready"] = false;
  status["reasons"] = {"the store cannot be written: disk full"};
  status["last_reload"] = {{"at", "2026-01-31T09:30:00.000Z"}, {"success", false}, {"errors", {"belfry.yaml:4:3: error: x"}}};
  status["unrouted"] = 2;
  const auto model = model_of(status);
  EXPECT_EQ(model["ready_tone"], "bad");
  ASSERT_EQ(model["needs"].size(), 2U);
  EXPECT_TRUE(std::string(model["needs"][0]["text"]).ends_with("disk full"));
  EXPECT_EQ(model["needs"][1]["lines"][0], "belfry.yaml:4:3: error: x");
  EXPECT_EQ(model["notes"].size(), 1U);
}

TEST(Overview, ACertificateThatExpiresNeedsAPersonAndARefusedRequestIsANote) {
  auto status = gateway_status(json::array());
  status["certificates"] = {"the certificate expires"};
  status["notices"] = {"the certificate expires", "12 requests were refused"};
  const auto model = model_of(status);
  ASSERT_EQ(model["needs"].size(), 1U);
  EXPECT_EQ(model["needs"][0]["text"], "the certificate expires");
  EXPECT_EQ(model["notes"], json({"12 requests were refused"}));
}

TEST(Overview, CountsLeadToTheList) {
  auto sink = sink_status("slack", "open");
  sink["backoff"] = 7;
  sink["oldest"] = "2026-01-31T09:55:00.000Z";
  const auto row = model_of(gateway_status(json::array({sink})))["sinks"][0];
  EXPECT_EQ(row["counts"][2]["count"], "7");
  EXPECT_EQ(row["counts"][2]["href"], "/deliveries?sink=slack&state=backoff");
  EXPECT_FALSE(row["counts"][0]["some"]);
  EXPECT_EQ(row["oldest"]["ago"], "5 min ago");
}

}  // namespace
}  // namespace belfry::api::web
