#include "dryrun/explanation.hpp"

#include <gmock/gmock.h>

#include "support/notification_sample.hpp"

namespace belfry::dryrun {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

struct Explained {
  std::string text;
  nlohmann::json document;
};

Explained explain(model::ProcessorRule rule, const model::Notification& notification) {
  rule.location = "f:2:2";
  model::PipelineRules rules{.processors = {std::move(rule)}, .routes = {{.name = "everyone", .location = "f:1:1", .to = {{"slack"}}}}};
  const auto planner = delivery::Planner::compile(std::move(rules), {{"slack", {{"channel", ""}, 24h}}}).value();
  route::Trace trace;
  const auto acceptance = planner.plan(notification, notification.received_at, &trace);
  return {explanation_text(planner, acceptance, trace), explanation_document(planner, acceptance, trace)};
}

TEST(ExplanationTest, Dedupe) {
  auto notification = test::sample();
  notification.title = "one title";
  const model::ProcessorRule once{.name = "once", .dedupe = model::Dedupe{"{{title}}", 5min}};
  const auto open = explain(once, notification);
  EXPECT_THAT(open.text, HasSubstr("dedupe: would be dropped if another with key \"one title\" came to this target within 5m before it\n"));
  EXPECT_EQ(open.document["deliveries"][0]["dedupe"]["key"], "one title");
  notification.sensitive = true;
  const auto closed = explain(once, notification);
  EXPECT_THAT(closed.text, HasSubstr("another with key \"(sensitive)\" came"));
  EXPECT_THAT(closed.text + closed.document.dump(), Not(HasSubstr("one title")));
}

TEST(ExplanationTest, DroppedForItsValues) {
  const model::Condition when{.comparisons = {{.path = "name", .text = "Workspace Deleted"}}};
  const auto dropped = explain({.name = "noise", .when = when, .drop = "too noisy"}, test::sample());
  EXPECT_THAT(dropped.text, HasSubstr("dropped: processor \"noise\": too noisy; it matched because name is \"Workspace Deleted\"\n"));
  EXPECT_EQ(dropped.document["dropped"], "processor \"noise\": too noisy");
}

}  // namespace
}  // namespace belfry::dryrun
