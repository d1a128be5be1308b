#include "cli/commands/operations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/local_time.hpp"
#include "core/cli/scripted_gateway.hpp"

namespace belfry::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json explanation_at(const std::string& time, const std::string& text) {
  return {{"notification", "n-1"},        {"source", "coder"}, {"msg_id", "m-1"}, {"received_at", time},
          {"event", "Workspace Deleted"}, {"text", text}};
}

TEST(WhyTest, TheNewestParagraphIsTheLast) {
  ScriptedGateway gateway;
  gateway.expect(
      "GET", "/api/v1/why",
      json{{"explanations", {explanation_at("2026-01-31T09:00:00.000Z", "Newer."), explanation_at("2026-01-30T09:00:00.000Z", "Older.")}},
           {"more", true}});
  EXPECT_EQ(explain_deliveries(gateway.session(), {.to = "ada@example.com", .since = "2d"}), 0);
  EXPECT_EQ(gateway.query(0, "to"), "ada@example.com");
  EXPECT_EQ(gateway.query(0, "since"), "2d");
  EXPECT_THAT(gateway.out.str(), testing::MatchesRegex(".*Workspace Deleted  n-1\nOlder\\.\n\n.*Workspace Deleted  n-1\nNewer\\.\n"));
  EXPECT_THAT(gateway.err.str(), HasSubstr("belfry deliveries list --to ada@example.com"));
}

TEST(WhyTest, CommandsNameTheConfiguration) {
  ScriptedGateway gateway;
  gateway.config = "new.yaml";
  gateway.expect(
      "GET", "/api/v1/why",
      json{{"explanations", {explanation_at("2026-01-31T09:00:00.000Z", "See it with `belfry deliveries show d-0`.")}}, {"more", true}});
  EXPECT_EQ(explain_deliveries(gateway.session(), {.to = "ada@example.com"}), 0);
  EXPECT_THAT(gateway.out.str(), HasSubstr("`belfry deliveries show --config new.yaml d-0`"));
  EXPECT_THAT(gateway.err.str(), HasSubstr("belfry deliveries list --config new.yaml --to ada@example.com\n"));
  gateway.expect("GET", "/api/v1/why", json{{"explanations", json::array()}, {"text", "`belfry status` lists refused requests."}});
  EXPECT_EQ(explain_deliveries(gateway.session(), {.to = "ada@example.com"}), kExitFailed);
  EXPECT_THAT(gateway.out.str(), HasSubstr("`belfry status --config new.yaml` lists"));
}

TEST(WhyTest, ParagraphsAreWrappedOnATerminal) {
  ScriptedGateway gateway;
  gateway.style = {.terminal = true, .width = 90, .height = 40};
  std::string text;
  for (int i = 0; i < 60; ++i) text += "word ";
  gateway.expect("GET", "/api/v1/why", json{{"explanations", {explanation_at("2026-01-31T09:00:00.000Z", text + "\x1b[31m")}}});
  EXPECT_EQ(explain_deliveries(gateway.session(), {.id = "m-1"}), 0);
  EXPECT_EQ(gateway.query(0, "id"), "m-1");
  std::istringstream lines(gateway.out.str());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 90U);
  EXPECT_THAT(gateway.out.str(), Not(HasSubstr("\x1b")));
}

TEST(WhyTest, WithoutAnyTheSentenceOfTheGatewayIsTheAnswer) {
  for (const bool as_json : {false, true}) {
    ScriptedGateway gateway;
    gateway.json = as_json;
    const json document{{"explanations", json::array()}, {"more", false}, {"text", "Nothing for x arrived since then."}};
    gateway.expect("GET", "/api/v1/why", document);
    EXPECT_EQ(explain_deliveries(gateway.session(), {.to = "x@example.com"}), kExitFailed);
    EXPECT_EQ(gateway.out.str(), as_json ? document.dump(2) + "\n" : "Nothing for x arrived since then.\n");
  }
}

TEST(WhyTest, MistakesAreUsageErrors) {
  for (const auto& options : std::vector<WhyOptions>{{}, {.id = "a", .to = "b"}, {.id = "a", .since = "2d"}, {.to = "b", .since = "2"}}) {
    ScriptedGateway gateway;
    EXPECT_EQ(explain_deliveries(gateway.session(), options), kExitUsage);
    EXPECT_THAT(gateway.err.str(), HasSubstr("belfry why: "));
  }
}

json sent_delivery(const std::string& id, const std::string& state, const json& fallback_of = nullptr) {
  const bool ended = state != "waiting" && state != "in_flight" && state != "backoff";
  return {{"id", id},
          {"sink", "slack"},
          {"destination", {{"audience", "direct"}, {"address", "ada@example.com"}}},
          {"state", state},
          {"ended_at", ended ? json("2026-01-31T09:00:00.000Z") : json(nullptr)},
          {"reason", state == "delivered" ? json(nullptr) : json("no_such_user")},
          {"detail", nullptr},
          {"receipt", state == "delivered" ? json({{"ts", "1700.1"}}) : json(nullptr)},
          {"fallback_of", fallback_of}};
}

json shown(const std::vector<json>& deliveries) { return {{"matches", {{{"deliveries", deliveries}}}}}; }

constexpr const char* kSentPath = "/api/v1/deliveries/n-1";

void expect_sent(ScriptedGateway& gateway) {
  gateway.expect("POST", "/api/v1/send", json{{"notification", "n-1"}, {"deliveries", {"d-1"}}});
}

TEST(SendTest, WaitsForTheOutcome) {
  ScriptedGateway gateway;
  expect_sent(gateway);
  gateway.expect("GET", kSentPath, shown({sent_delivery("d-1", "waiting")}));
  gateway.expect("GET", kSentPath, base::ErrorCode::unavailable, "no gateway answers");
  gateway.expect("GET", kSentPath, shown({sent_delivery("d-1", "delivered")}));
  EXPECT_EQ(send_test(gateway.session(), {.to = "ada@example.com", .sink = "slack", .title = "T", .body = "B", .severity = "error"}), 0);
  EXPECT_EQ(*gateway.calls[0].body,
            json({{"to", "ada@example.com"}, {"sink", "slack"}, {"title", "T"}, {"body", "B"}, {"severity", "error"}}));
  EXPECT_EQ(gateway.out.str(), "slack, ada@example.com: delivered, receipt {\"ts\":\"1700.1\"}\n");
}

TEST(SendTest, OneThatDoesNotArriveIsAFailure) {
  ScriptedGateway gateway;
  expect_sent(gateway);
  gateway.expect("GET", kSentPath, shown({sent_delivery("d-1", "delivered"), sent_delivery("d-2", "dead")}));
  EXPECT_EQ(send_test(gateway.session(), {.to = "ada@example.com"}), kExitFailed);
  EXPECT_THAT(gateway.out.str(), HasSubstr("slack, ada@example.com: dead (no_such_user)\n"));
}

TEST(SendTest, AFallbackThatArrivesIsASuccess) {
  for (const bool arrives : {true, false}) {
    ScriptedGateway gateway;
    expect_sent(gateway);
    gateway.expect("GET", kSentPath,
                   shown({sent_delivery("d-1", "rejected"), sent_delivery("d-2", arrives ? "delivered" : "dead", "d-1")}));
    EXPECT_EQ(send_test(gateway.session(), {.to = "ada@example.com"}), arrives ? 0 : kExitFailed);
  }
}

TEST(SendTest, TheTimeoutEndsTheWaiting) {
  ScriptedGateway gateway;
  expect_sent(gateway);
  for (int i = 0; i <= 5; ++i) gateway.expect("GET", kSentPath, shown({sent_delivery("d-1", "backoff")}));
  EXPECT_EQ(send_test(gateway.session(), {.to = "ada@example.com", .timeout = "1s"}), kExitFailed);
  EXPECT_TRUE(gateway.finished());
  EXPECT_THAT(gateway.err.str(), HasSubstr("it did not arrive within 1s; to follow it, run: belfry deliveries show n-1\n"));
}

TEST(SendTest, OneThatARuleHoldsIsReportedAtOnce) {
  struct Case {
    bool digest;
    const char* decision;
    const char* rule;
  };
  for (const auto& c :
       {Case{false, "held", "quiet hours"}, Case{true, "digested", "the digest"}, Case{true, "throttled", "the throttle"}}) {
    ScriptedGateway gateway;
    expect_sent(gateway);
    auto delivery = sent_delivery("d-1", "held");
    delivery.update({{"ended_at", nullptr}, {"due_at", "2030-01-31T07:00:00.000Z"}, {"route", "everyone"}, {"digest", c.digest}});
    gateway.expect(
        "GET", kSentPath,
        json{{"matches", {{{"deliveries", {sent_delivery("d-0", "delivered"), delivery}}, {"decisions", {{{"event", c.decision}}}}}}}});
    EXPECT_EQ(send_test(gateway.session(), {.to = "ada@example.com"}), 3);
    EXPECT_TRUE(gateway.finished()) << "it does not wait for the timeout";
    EXPECT_THAT(gateway.out.str(),
                HasSubstr("slack, ada@example.com: held until " + local_time("2030-01-31T07:00:00.000Z") + " by " + c.rule +
                          " of route \"everyone\"; to send now, run: belfry send --to ada@example.com --sink slack\n"));
    EXPECT_EQ(gateway.err.str(), "");
  }
}

TEST(SendTest, OneThatIsHeldForLessThanTheTimeoutIsWaitedFor) {
  ScriptedGateway gateway;
  expect_sent(gateway);
  auto held = sent_delivery("d-1", "held");
  held.update({{"ended_at", nullptr}, {"due_at", base::to_rfc3339(base::Timestamp(base::Millis(1'700'000'005'000)))}});
  gateway.expect("GET", kSentPath, shown({held}));
  gateway.expect("GET", kSentPath, shown({sent_delivery("d-1", "delivered")}));
  EXPECT_EQ(send_test(gateway.session(), {.to = "ada@example.com"}), 0);
}

TEST(SendTest, AFailureBesideOneThatIsHeldIsAFailure) {
  ScriptedGateway gateway;
  expect_sent(gateway);
  auto held = sent_delivery("d-1", "held");
  held.update({{"ended_at", nullptr}, {"due_at", "2030-01-31T07:00:00.000Z"}});
  gateway.expect("GET", kSentPath, shown({held, sent_delivery("d-2", "dead")}));
  EXPECT_EQ(send_test(gateway.session(), {.to = "ada@example.com"}), kExitFailed);
}

TEST(SendTest, RefusalsAreReported) {
  ScriptedGateway gateway;
  EXPECT_EQ(send_test(gateway.session(), {.to = "a@example.com", .timeout = "soon"}), kExitUsage);
  gateway.expect("POST", "/api/v1/send", base::ErrorCode::failed, "it is dropped by processor \"mute\": not today");
  EXPECT_EQ(send_test(gateway.session(), {.to = "a@example.com"}), kExitFailed);
  EXPECT_THAT(gateway.err.str(), HasSubstr("belfry send: it is dropped by processor \"mute\": not today\n"));
}

TEST(AuditTest, ListsActions) {
  ScriptedGateway gateway;
  const json action{{"id", 1},
                    {"at", "2026-01-31T09:00:00.000Z"},
                    {"action", "retry"},
                    {"by", "ada (uid 1000)\x1b[2J"},
                    {"reason", "Slack was down"},
                    {"subject", "3 deliveries of slack"},
                    {"deliveries", 3}};
  gateway.expect("GET", "/api/v1/audit", json{{"actions", {action}}, {"next", "a1-1"}});
  EXPECT_EQ(list_audit(gateway.session(), 1), 0);
  EXPECT_THAT(gateway.out.str(), HasSubstr("  retry   ada (uid 1000)\\x1b[2J           3  3 deliveries of slack  Slack was down\n"));
  EXPECT_THAT(gateway.err.str(), HasSubstr("1 shown, newest first; --limit N shows more"));
  gateway.expect("GET", "/api/v1/audit", json{{"actions", json::array()}, {"next", nullptr}});
  EXPECT_EQ(list_audit(gateway.session(), 50), 0);
  EXPECT_THAT(gateway.err.str(), HasSubstr("no operator has changed anything\n"));
}

TEST(LogLevelTest, ShowsAndChanges) {
  ScriptedGateway gateway;
  gateway.expect("GET", "/api/v1/log-level", json{{"level", "info"}});
  EXPECT_EQ(log_level(gateway.session(), ""), 0);
  gateway.expect("PUT", "/api/v1/log-level", json{{"level", "debug"}});
  EXPECT_EQ(log_level(gateway.session(), "debug"), 0);
  EXPECT_EQ(*gateway.calls[1].body, json({{"level", "debug"}}));
  EXPECT_EQ(gateway.out.str(), "info\nthe log level is now debug\n");
  gateway.expect("PUT", "/api/v1/log-level", base::ErrorCode::invalid, "level is \"loud\"; write debug, info, warn or error");
  EXPECT_EQ(log_level(gateway.session(), "loud"), kExitUsage);
}

}  // namespace
}  // namespace belfry::cli
