// The same from what the planner and the store really record.
#include "core/store/store_fixture.hpp"
#include "core/why/why_fixture.hpp"
#include "delivery/planner.hpp"

namespace belfry::why {
namespace {

using namespace std::chrono_literals;

class Recorded : public WhyTest {
 protected:
  static model::RouteRule route(const std::string& name) { return {.name = name, .location = "f:1:1", .to = {{"slack"}}}; }

  // Accepts a notification as `rules` decide, at this time.
  void accept(model::PipelineRules rules, const std::string& id, const std::string& time) {
    const auto planner = delivery::Planner::compile(std::move(rules), {{"slack", {{"channel", ""}, 24h}}});
    ASSERT_TRUE(planner) << planner.error().message;
    auto notification = history_.notification;
    notification.id = id;
    notification.msg_id = "msg-" + id;
    notification.received_at = at(time);
    ASSERT_TRUE(calls_.accept(planner->plan(std::move(notification), at(time))));
  }
  std::string why(const std::string& id, const std::string& now) {
    context_.now = at(now);
    return explain(calls_.history(id).value(), context_);
  }

  base::ManualClock clock_{at("09:00:00")};
  std::unique_ptr<store::Store> store_ = store::open_memory(clock_);
  store::Calls calls_{*store_};
};

TEST_F(Recorded, Held) {
  auto quiet = route("everyone");
  quiet.timing.quiet_hours = model::QuietHours{.from = 22 * 60, .to = 7 * 60, .zone = {.name = "Europe/Berlin"}};
  accept({.routes = {quiet}}, "n1", "23:00:01");
  EXPECT_EQ(why("n1", "23:30:00"),
            "Received from coder on 2026-12-01 at 23:00:01 CET. Route \"everyone\" chose the recipient via sink slack. Held by quiet hours "
            "of route \"everyone\" until 2026-12-02 07:00:00. It is due at 07:00:00. It expires on 2026-12-03 at 07:00:00.");
  context_.zone = base::TimeZone();
  EXPECT_EQ(why("n1", "23:30:00"),
            "Received from coder on 2026-12-01 at 22:00:01 UTC. Route \"everyone\" chose the recipient via sink slack. Held by quiet hours "
            "of route \"everyone\" until 2026-12-02 06:00:00 UTC (07:00 in Europe/Berlin). It is due at 06:00:00. It expires on 2026-12-03 "
            "at 06:00:00.");
  context_.zone = base::TimeZone::find("America/Los_Angeles").value();
  EXPECT_NE(why("n1", "23:30:00").find("until 22:00:00 PST (2026-12-02 07:00 in Europe/Berlin). It is due at 22:00:00."), std::string::npos)
      << why("n1", "23:30:00");
}

TEST_F(Recorded, HeldInADigest) {
  auto daily = route("daily");
  daily.timing.digest = model::DigestRule{.window = 1h};
  for (const std::string id : {"n1", "n2"}) accept({.routes = {daily}}, id, "09:00:01");
  for (const std::string id : {"n1", "n2"}) {
    EXPECT_EQ(
        why(id, "09:30:00"),
        "Received from coder on 2026-12-01 at 09:00:01 CET. Route \"daily\" chose the recipient via sink slack. Collected in a digest "
        "of route \"daily\". The digest is due at 10:00:01. It expires on 2026-12-02 at 10:00:01.");
  }
}

TEST_F(Recorded, Throttled) {
  auto few = route("few");
  few.timing.throttle = model::ThrottleRule{.max_messages = 1, .window = 1h};
  for (const std::string id : {"n1", "n2"}) accept({.routes = {few}}, id, "09:00:01");
  EXPECT_EQ(why("n2", "09:30:00"),
            "Received from coder on 2026-12-01 at 09:00:01 CET. Route \"few\" chose the recipient via sink slack. Throttled by route "
            "\"few\": more than 1 within 1h. Collected in a digest of route \"few\". The digest is due at 10:00:01. It expires on "
            "2026-12-02 at 10:00:01.");
}

TEST_F(Recorded, Deduplicated) {
  const model::PipelineRules rules{.processors = {{.name = "repeats", .location = "f:2:2", .dedupe = model::Dedupe{"{{name}}", 5min}}},
                                   .routes = {route("everyone")}};
  for (const std::string id : {"n1", "n2"}) accept(rules, id, "09:00:01");
  EXPECT_EQ(
      why("n2", "09:30:00"),
      "Received from coder on 2026-12-01 at 09:00:01 CET. Processed by repeats. Route \"everyone\" chose the recipient via sink "
      "slack. Not sent through slack to ada@example.com: deduplicated by processor \"repeats\": key \"Workspace Created\" was sent within "
      "5m. It repeats notification n1 (msg_id msg-n1), received at 09:00:01; its delivery " +
          calls_.history("n1")->deliveries.at(0).id + " is waiting.");
}

TEST_F(Recorded, Expired) {
  accept({.routes = {route("everyone")}}, "n1", "09:00:01");
  const auto lease = calls_.lease_and_begin(at("09:00:01"));
  ASSERT_EQ(lease->leased.size(), 1U);
  ASSERT_TRUE(
      calls_.finish(store::finish_of(lease->leased[0], 1, timeout(), store::DeadLetter{model::DeliveryState::expired}, at("09:00:11"))));
  EXPECT_NE(
      why("n1", "09:30:00")
          .find("Expired at 09:00:11: not delivered within its max_age of 1d. The last attempt failed at 09:00:11: timeout: no response "
                "within 10s."),
      std::string::npos)
      << why("n1", "09:30:00");
}

TEST_F(Recorded, Dropped) {
  accept({.processors = {{.name = "noise", .location = "f:2:2", .drop = "too noisy"}}, .routes = {route("everyone")}}, "n1", "09:00:01");
  EXPECT_EQ(why("n1", "09:30:00"),
            "Received from coder on 2026-12-01 at 09:00:01 CET. Dropped by processor \"noise\": too noisy. Nothing was sent.");
}

TEST_F(Recorded, DroppedForItsValues) {
  const model::Condition when{.comparisons = {{.path = "labels.template", .text = "scratch"}}};
  const model::PipelineRules rules{.processors = {{.name = "noise", .location = "f:2:2", .when = when, .drop = "too noisy"},
                                                  {.name = "names", .location = "f:3:3", .redact = {{"nightly", "(name)"}}}},
                                   .routes = {route("everyone")}};
  history_.notification.labels = {{"template", "scratch"}};
  accept(rules, "n1", "09:00:01");
  EXPECT_EQ(why("n1", "09:30:00"),
            "Received from coder on 2026-12-01 at 09:00:01 CET. Dropped by processor \"noise\": too noisy. It matched because "
            "labels.template is \"scratch\". Nothing was sent.");
  history_.notification.sensitive = true;
  accept(rules, "n2", "09:00:01");
  EXPECT_NE(why("n2", "09:30:00").find("It matched because labels.template is (sensitive)."), std::string::npos) << why("n2", "09:30:00");
}

TEST_F(Recorded, MergedAndUnrouted) {
  auto first = route("everyone");
  first.continue_ = true;
  accept({.routes = {first, route("ops")}}, "n1", "09:00:01");
  EXPECT_TRUE(
      why("n1", "09:00:01")
          .starts_with("Received from coder on 2026-12-01 at 09:00:01 CET. Route \"everyone\" chose the recipient via sink slack. "
                       "Route \"ops\" chose the recipient via sink slack again, so it is sent there once (merged). It has been due"))
      << why("n1", "09:00:01");
  accept({}, "n2", "09:00:01");
  EXPECT_TRUE(why("n2", "09:00:01").starts_with("Received from coder on 2026-12-01 at 09:00:01 CET. Nothing was sent: no route matched."));
}

TEST_F(Recorded, BehindAHeadInBackOff) {
  for (const std::string id : {"n1", "n2"}) accept({.routes = {route("everyone")}}, id, "09:00:01");
  const auto lease = calls_.lease_and_begin(at("09:00:01"));
  ASSERT_EQ(lease->leased.size(), 1U);
  const auto& head = lease->leased[0];
  EXPECT_TRUE(why("n1", "09:00:02").ends_with("Attempt 1 began at 09:00:01 and is in progress."));
  EXPECT_NE(why("n2", "09:00:02").find("which is being sent."), std::string::npos);
  ASSERT_TRUE(calls_.finish(store::finish_of(head, 1, timeout(), store::RetryAt{.at = at("09:10:00")}, at("09:00:11"))));
  EXPECT_TRUE(why("n1", "09:05:00")
                  .ends_with("Attempt 1 failed at 09:00:11: timeout: no response within 10s. The next attempt is due at "
                             "09:10:00." +
                             kExpiry));
  EXPECT_NE(why("n2", "09:05:00")
                .find("waits for its turn behind delivery " + head.delivery.id +
                      " to the same recipient, which failed (timeout: no response within 10s) and is tried again at 09:10:00."),
            std::string::npos)
      << why("n2", "09:05:00");
}

TEST_F(Recorded, TheWebhookCameAgain) {
  for (int i = 0; i < 3; ++i) accept({.routes = {route("everyone")}}, "n1", "09:00:0" + std::to_string(1 + i));
  EXPECT_NE(why("n1", "09:30:00").find("The source sent the same msg_id again at 09:00:02; only the first one counts. It has been due"),
            std::string::npos);
}

}  // namespace
}  // namespace belfry::why
