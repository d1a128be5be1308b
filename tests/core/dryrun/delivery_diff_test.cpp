#include "dryrun/delivery_diff.hpp"

#include <gtest/gtest.h>

#include "support/notification_sample.hpp"

namespace belfry::dryrun {
namespace {

using namespace std::chrono_literals;

delivery::Planner planner(std::vector<model::ProcessorRule> processors) {
  model::PipelineRules rules{.processors = std::move(processors), .routes = {{.name = "everyone", .location = "f:1:1", .to = {{"slack"}}}}};
  auto compiled = delivery::Planner::compile(std::move(rules), {{"slack", {{"channel", ""}, 24h}}});
  EXPECT_TRUE(compiled) << compiled.error().message;
  return *std::move(compiled);
}

model::ProcessorRule once(std::string key, base::Millis window) {
  return {.name = "once", .location = "f:2:2", .dedupe = model::Dedupe{std::move(key), window}};
}

class DeliveryDiffTest : public testing::Test {
 protected:
  // Replays a notification to `email`, received `after` the first.
  void add(base::Millis after, const std::string& email = "ada@example.com") {
    auto notification = test::sample();
    notification.id = "n" + std::to_string(++count_);
    notification.recipient.email = email;
    notification.received_at = base::Timestamp(1h) + after;
    diff_.add(notification, planned_outcome(current_, notification));
  }
  // "1 no longer: deduplicated ..."
  std::vector<std::string> groups() const {
    std::vector<std::string> out;
    const auto document = diff_.document({});
    for (const auto& group : document["groups"])
      out.push_back(group["count"].dump() + " " + group["kind"].get<std::string>() + ": " + group["what"].get<std::string>());
    return out;
  }

  delivery::Planner current_ = planner({});
  delivery::Planner candidate_ = planner({once("{{name}}", 5min)});
  DeliveryDiff diff_{candidate_};
  int count_ = 0;
};

TEST_F(DeliveryDiffTest, RepetitionsAreNoLongerSent) {
  add(0s);
  add(1s, "bob@example.com");
  EXPECT_EQ(diff_.changes(), 0U) << "the first of each person is sent as before";
  add(2s);
  add(5min - 1ms);
  EXPECT_EQ(groups(), std::vector<std::string>{"2 no longer: deduplicated by processor \"once\" within 5m"});
  add(5min);
  EXPECT_EQ(diff_.changes(), 2U) << "the window is over";
}

TEST_F(DeliveryDiffTest, RepetitionsAreSentAgain) {
  std::swap(current_, candidate_);
  add(0s);
  add(1s);
  EXPECT_EQ(groups(), std::vector<std::string>{"1 newly: by route everyone, was deduplicated by processor \"once\" within 5m"});
}

TEST_F(DeliveryDiffTest, AnotherWindowCountsOnlyWhereItMatters) {
  current_ = planner({once("{{name}}", 1min)});
  add(0s);
  add(30s);
  EXPECT_EQ(diff_.changes(), 0U) << "repetitions for both";
  add(2min);
  EXPECT_EQ(groups(), std::vector<std::string>{"1 no longer: deduplicated by processor \"once\" within 5m"});
}

TEST_F(DeliveryDiffTest, OldWindowsAreForgotten) {
  DedupeWindows windows;
  const PlannedOutcome::Target target("slack", "direct:ada@example.com");
  EXPECT_FALSE(windows.is_repetition(target, {"first", 24h}, {}));
  for (int i = 0; i < 50'000; ++i)
    EXPECT_FALSE(windows.is_repetition(target, {"key " + std::to_string(i), 1ms}, base::Timestamp(base::Millis(i))));
  EXPECT_TRUE(windows.is_repetition(target, {"first", 24h}, base::Timestamp(1h))) << "it has not ended";
}

TEST_F(DeliveryDiffTest, SaysWhatWasCompared) {
  const auto first_line = [&](const ComparedConfigurations& compared) {
    const auto text = diff_.text(compared);
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(first_line({"/etc/belfry/belfry.yaml", "new.yaml", false}),
            "compared: the configuration that the running gateway loaded from /etc/belfry/belfry.yaml, with new.yaml");
  EXPECT_EQ(first_line({"", "new.yaml", false}),
            "compared: the configuration that the running gateway loaded from its environment variables, with new.yaml");
  EXPECT_EQ(
      first_line({"/etc/belfry/belfry.yaml", "/etc/belfry/belfry.yaml", true}),
      "the running gateway already uses the text of /etc/belfry/belfry.yaml, so nothing can differ; to compare a change, plan it before "
      "the gateway loads it");
  const auto document = diff_.document({"", "new.yaml", true});
  EXPECT_TRUE(document["current"].is_null());
  EXPECT_EQ(document["candidate"], "new.yaml");
  EXPECT_EQ(document["same"], true);
}

TEST(PlannedOutcomeTest, SurvivesTheWayThroughJson) {
  auto notification = test::sample();
  const auto outcome = planned_outcome(planner({once("{{name}}", 5min)}), notification);
  ASSERT_EQ(outcome.deliveries.size(), 1U);
  EXPECT_EQ(outcome.deliveries.begin()->second.dedupe->key, "Workspace Deleted");
  const auto read = planned_outcome_from(document_of(outcome));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, outcome);
  const auto dropped = planned_outcome(planner({{.name = "noise", .location = "f:2:2", .drop = "too noisy"}}), notification);
  EXPECT_EQ(dropped.dropped, "processor \"noise\": too noisy");
  EXPECT_EQ(planned_outcome_from(document_of(dropped)).value(), dropped);
}

TEST(PlannedOutcomeTest, AnotherShapeIsRefused) {
  for (const auto* text : {"null", "{}", "[]", R"({"dropped":1,"deliveries":[]})", R"({"dropped":"","deliveries":[{}]})"})
    EXPECT_FALSE(planned_outcome_from(nlohmann::json::parse(text))) << text;
}

TEST(PlannedOutcomeTest, OtherTextsHaveAnotherFingerprint) {
  auto notification = test::sample();
  const auto details = [&] { return planned_outcome(planner({}), notification).deliveries.begin()->second; };
  const auto before = details();
  notification.title += "!";
  EXPECT_NE(details().text, before.text);
  EXPECT_EQ(details().buttons, before.buttons);
  notification.actions.push_back({"More", "https://coder.example.com"});
  EXPECT_NE(details().buttons, before.buttons);
}

}  // namespace
}  // namespace belfry::dryrun
