#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands/deliveries/deliveries.hpp"
#include "core/cli/scripted_gateway.hpp"

namespace belfry::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kRetryPath = "/api/v1/deliveries/retry";
constexpr const char* kDiscardPath = "/api/v1/deliveries/discard";
constexpr const char* kJobPath = "/api/v1/jobs/j1";

json job_of(const std::string& state, std::uint64_t changed, std::uint64_t unchanged = 0, const json& reasons = json::object()) {
  return {{"id", "j1"},         {"action", "retry"}, {"state", state}, {"changed", changed}, {"unchanged", unchanged},
          {"reasons", reasons}, {"error", nullptr}};
}

TEST(DeliveriesChangeTest, IdsGoInBatchesEachOnce) {
  ScriptedGateway gateway;
  ChangeOptions options;
  for (int i = 0; i < 1500; ++i) options.ids.push_back(std::to_string(i));
  options.ids.emplace_back("7");
  gateway.expect("POST", kRetryPath, json{{"changed", std::vector<std::string>(1000, "x")}, {"unchanged", json::array()}});
  gateway.expect("POST", kRetryPath, json{{"changed", std::vector<std::string>(500, "x")}, {"unchanged", json::array()}});
  EXPECT_EQ(change_deliveries(gateway.session(), Change::retry, options), 0);
  EXPECT_EQ(gateway.calls[0].body->at("ids").size(), 1000U);
  EXPECT_EQ(gateway.calls[1].body->at("ids").size(), 500U);
  EXPECT_FALSE(gateway.calls[0].body->contains("reason"));
  EXPECT_EQ(gateway.out.str(), "1500 deliveries queued again\n");
  EXPECT_EQ(gateway.err.str(), "");
}

TEST(DeliveriesChangeTest, UnchangedOnesAreListedWithTheirReason) {
  ScriptedGateway gateway;
  gateway.expect("POST", kDiscardPath, json{{"changed", {"a"}}, {"unchanged", {{{"id", "b"}, {"why", "is in flight"}}}}});
  EXPECT_EQ(change_deliveries(gateway.session(), Change::discard, {.ids = {"a", "b"}, .reason = "left the company"}), kExitFailed);
  EXPECT_EQ(*gateway.calls[0].body, json({{"ids", {"a", "b"}}, {"reason", "left the company"}}));
  EXPECT_EQ(gateway.out.str(), "1 delivery discarded\n");
  EXPECT_EQ(gateway.err.str(), "belfry deliveries discard: b left unchanged: is in flight\n");
}

TEST(DeliveriesChangeTest, AFailedBatchKeepsTheResultOfThoseBefore) {
  ScriptedGateway gateway;
  ChangeOptions options;
  for (int i = 0; i < 1001; ++i) options.ids.push_back(std::to_string(i));
  gateway.expect("POST", kRetryPath, json{{"changed", std::vector<std::string>(1000, "x")}, {"unchanged", json::array()}});
  gateway.expect("POST", kRetryPath, base::ErrorCode::unavailable, "no gateway answers");
  EXPECT_EQ(change_deliveries(gateway.session(), Change::retry, options), kExitFailed);
  EXPECT_EQ(gateway.out.str(), "1000 deliveries queued again\n");
  EXPECT_EQ(gateway.err.str(), "belfry deliveries retry: no gateway answers\n");
}

TEST(DeliveriesChangeTest, ADryRunOnlyCounts) {
  ScriptedGateway gateway;
  gateway.expect("POST", kRetryPath, json{{"count", 2}, {"complete", true}});
  EXPECT_EQ(change_deliveries(gateway.session(), Change::retry, {.ids = {"a", "b"}, .dry_run = true}), 0);
  EXPECT_EQ(gateway.calls[0].body->at("dry_run"), true);
  gateway.expect("POST", kRetryPath, json{{"count", 512}, {"complete", true}});
  EXPECT_EQ(change_deliveries(gateway.session(), Change::retry, {.dead = true, .filter = {.sink = "slack"}, .dry_run = true}), 0);
  EXPECT_EQ(*gateway.calls[1].body, json({{"filter", {{"state", "dead"}, {"sink", "slack"}}}, {"dry_run", true}}));
  gateway.expect("POST", kRetryPath, json{{"count", 10000}, {"complete", false}});
  EXPECT_EQ(change_deliveries(gateway.session(), Change::retry, {.dead = true, .dry_run = true}), 0);
  EXPECT_EQ(gateway.out.str(),
            "2 deliveries would be queued again\n512 deliveries would be queued again\nat least 10000 deliveries would be queued again\n");
}

TEST(DeliveriesChangeTest, DeadLettersAreChangedByAJob) {
  ScriptedGateway gateway;
  gateway.expect("POST", kRetryPath, json{{"count", 500}, {"complete", true}});
  gateway.expect("POST", kRetryPath, job_of("running", 0));
  gateway.expect("GET", kJobPath, job_of("running", 200));
  gateway.expect("GET", kJobPath, base::ErrorCode::unavailable, "no gateway answers");
  gateway.expect("GET", kJobPath, job_of("done", 498, 2, {{"was erased", 2}}));
  const ChangeOptions options{.dead = true, .filter = {.to = "ada@example.com", .event = "X", .since = "2d"}, .reason = "Slack was down"};
  EXPECT_EQ(change_deliveries(gateway.session(), Change::retry, options), kExitFailed);
  EXPECT_TRUE(gateway.finished());
  EXPECT_EQ(*gateway.calls[1].body, json({{"filter", {{"state", "dead"}, {"to", "ada@example.com"}, {"event", "X"}, {"since", "2d"}}},
                                          {"reason", "Slack was down"}}));
  EXPECT_EQ(gateway.out.str(), "498 deliveries queued again\n");
  EXPECT_EQ(gateway.err.str(), "belfry deliveries retry: 2 deliveries left unchanged: was erased\n");
}

TEST(DeliveriesChangeTest, ProgressIsReplacedOnATerminalOnly) {
  for (const bool terminal : {true, false}) {
    ScriptedGateway gateway;
    gateway.progress = terminal;
    gateway.expect("POST", kRetryPath, json{{"count", 1000}});
    gateway.expect("POST", kRetryPath, job_of("running", 0));
    for (int i = 1; i <= 60; ++i) gateway.expect("GET", kJobPath, job_of("running", static_cast<std::uint64_t>(i)));
    gateway.expect("GET", kJobPath, job_of("done", 1000));
    EXPECT_EQ(change_deliveries(gateway.session(), Change::retry, {.dead = true}), 0);
    if (terminal) {
      EXPECT_THAT(gateway.err.str(), HasSubstr("\r60 of 1000\x1b[K\r1000 of 1000\x1b[K\n"));
    } else {
      EXPECT_EQ(gateway.err.str(), "25 of 1000\n50 of 1000\n") << "a line every five seconds";
    }
  }
}

TEST(DeliveriesChangeTest, AJobThatIsLostOrFailsIsReported) {
  auto failed = job_of("failed", 200);
  failed["error"] = "the store is full";
  for (const auto& [answer, words] : std::vector<std::pair<ScriptedGateway::Answer, std::string>>{
           {base::fail(base::ErrorCode::not_found, "no such job"), "the gateway has restarted"},
           {base::fail("the gateway refused the admin token"), "refused the admin token"},
           {failed, "200 were changed, then the job failed: the store is full; run the command again"}}) {
    ScriptedGateway gateway;
    gateway.expect("POST", kRetryPath, json{{"count", 500}});
    gateway.expect("POST", kRetryPath, job_of("running", 0));
    gateway.expect("GET", kJobPath, answer);
    EXPECT_EQ(change_deliveries(gateway.session(), Change::retry, {.dead = true}), kExitFailed);
    EXPECT_THAT(gateway.err.str(), HasSubstr(words));
    EXPECT_EQ(gateway.out.str(), "");
  }
}

TEST(DeliveriesChangeTest, DiscardingDeadLettersIsConfirmed) {
  for (const auto& reply : std::vector<std::optional<std::string>>{"n", "", std::nullopt, "y"}) {
    const bool agreed = reply == "y";
    ScriptedGateway gateway;
    gateway.interactive = true;
    gateway.reply = reply;
    gateway.expect("POST", kDiscardPath, json{{"count", 3}});
    if (agreed) gateway.expect("POST", kDiscardPath, job_of("done", 3));
    EXPECT_EQ(change_deliveries(gateway.session(), Change::discard, {.dead = true, .reason = "x"}), agreed ? 0 : kExitFailed);
    EXPECT_EQ(gateway.questions, std::vector<std::string>{"Discard 3 dead letters? They are not sent again. [y/N] "});
  }
  for (const bool yes : {true, false}) {  // --yes, and a script
    ScriptedGateway gateway;
    gateway.interactive = yes;
    gateway.expect("POST", kDiscardPath, json{{"count", 3}});
    gateway.expect("POST", kDiscardPath, job_of("done", 3));
    EXPECT_EQ(change_deliveries(gateway.session(), Change::discard, {.dead = true, .reason = "x", .yes = yes}), 0);
    EXPECT_TRUE(gateway.questions.empty());
  }
}

TEST(DeliveriesChangeTest, MistakesAreUsageErrors) {
  struct Case {
    Change change;
    ChangeOptions options;
    std::string words;
  };
  for (const auto& [change, options, words] : std::vector<Case>{
           {Change::retry, {}, "pass either delivery ids"},
           {Change::retry, {.ids = {"a"}, .dead = true}, "pass either delivery ids"},
           {Change::retry, {.ids = {"a"}, .filter = {.sink = "slack"}}, "add --dead"},
           {Change::retry, {.ids = {""}}, "an id is empty"},
           {Change::retry, {.dead = true, .filter = {.since = "yesterday"}}, "--since is \"yesterday\""},
           {Change::discard, {.ids = {"a"}}, "--reason TEXT is required"},
           {Change::discard, {.dead = true}, "--reason TEXT is required"},
       }) {
    ScriptedGateway gateway;
    EXPECT_EQ(change_deliveries(gateway.session(), change, options), kExitUsage);
    EXPECT_THAT(gateway.err.str(), HasSubstr(words));
    EXPECT_THAT(gateway.out.str(), Not(HasSubstr("deliveries")));
    EXPECT_TRUE(gateway.calls.empty());
  }
}

}  // namespace
}  // namespace belfry::cli
