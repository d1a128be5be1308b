#include "delivery/acceptor.hpp"

#include "core/delivery/lane_fixture.hpp"

namespace belfry::delivery {
namespace {

class PipelineTest : public LaneFixture {
 protected:
  void make_pipeline(std::vector<model::RouteRule> rules) {
    std::map<std::string, SinkTraits> sinks;
    for (const auto& settings : settings_) sinks[settings.sink] = {{"channel", ""}, 1h};
    auto planner = Planner::compile({.routes = std::move(rules)}, sinks);
    ASSERT_TRUE(planner) << planner.error().message;
    pipeline_ = std::make_unique<Acceptor>(std::make_shared<const Planner>(std::move(*planner)), nullptr, *store_, *dispatcher_, zones_,
                                           clock_, log_);
  }

  base::Result<store::Accepted> accept_notification(const std::string& msg_id,
                                                    const std::function<void(model::Notification&)>& change = {}) {
    model::Notification n;
    n.id = base::new_id(clock_.now());
    n.source = "coder";
    n.msg_id = msg_id;
    n.received_at = clock_.now();
    n.name = "Workspace Deleted";
    n.title = "title";
    n.body = "body";
    n.recipient.email = "Bobby@Example.com";
    if (change) change(n);
    return answer_of<store::Accepted>([&](auto handler) { pipeline_->accept(std::move(n), std::move(handler)); });
  }

  static model::RouteRule route(const std::string& name, std::vector<model::RouteTarget> to) {
    model::RouteRule rule;
    rule.name = name;
    rule.to = std::move(to);
    return rule;
  }

  // Quiet hours now in the recipient's zone but not in the named one, or the other way round.
  static model::RouteRule quiet_there(const base::Clock& clock, const std::string& there) {
    const int minute = base::TimeZone::find(there).value().local(clock.now()).minute;
    auto rule = route("everyone", {{"slack"}});
    rule.timing.quiet_hours = model::QuietHours{.from = (minute + 1380) % 1440, .to = (minute + 60) % 1440, .zone = {"UTC", true}};
    return rule;
  }
  bool held(const std::string& notification_id) {
    const auto decisions = history(notification_id).decisions;
    return std::ranges::any_of(decisions, [](const auto& decision) { return decision.event == "held"; });
  }

  std::unique_ptr<Acceptor> pipeline_;
};

TEST_F(PipelineTest, ANotificationIsRoutedStoredAndDelivered) {
  add("slack", [](const auto&) { return delivered(); });
  start();
  make_pipeline({route("everyone", {{"slack"}})});
  const auto accepted = accept_notification("m1");
  ASSERT_TRUE(accepted);
  EXPECT_FALSE(accepted->duplicate);
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  const auto all = history(accepted->notification_id);
  EXPECT_EQ(all.deliveries.at(0).destination, (model::Destination{model::Audience::direct, "bobby@example.com"}));
  EXPECT_EQ(all.deliveries.at(0).route, "everyone");
}

TEST_F(PipelineTest, TheSameMessageTwiceIsOneDelivery) {
  add("slack", [](const auto&) { return delivered(); });
  start();
  make_pipeline({route("everyone", {{"slack"}})});
  ASSERT_TRUE(accept_notification("m1"));
  const auto again = accept_notification("m1");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  ASSERT_TRUE(accept_notification("m2"));
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 2));
  EXPECT_EQ(channel("slack").seen().sent.size(), 2U);
}

TEST_F(PipelineTest, WhatNoRouteTakesIsKeptAndCounted) {
  add("slack", [](const auto&) { return delivered(); });
  start();
  auto rule = route("only created", {{"slack"}});
  rule.when.comparisons.push_back({.path = "name", .op = model::Comparison::Op::equal, .text = "Workspace Created"});
  make_pipeline({rule});
  const auto accepted = accept_notification("m1");
  ASSERT_TRUE(accepted);
  const auto stats = store_->stats(clock_.now());
  EXPECT_EQ(stats.unrouted, 1U);
  EXPECT_TRUE(history(accepted->notification_id).deliveries.empty());
}

TEST_F(PipelineTest, ASensitiveNotificationExpiresSoonAndStaysOutOfChannels) {
  add("slack", [](const auto&) { return delivered(); });
  start();
  auto channel_route = route("ops", {{"slack", {{"channel", "C1"}}}});
  channel_route.continue_ = true;
  make_pipeline({channel_route, route("everyone", {{"slack"}})});
  const auto accepted = accept_notification("m1", [](model::Notification& n) {
    n.sensitive = true;
    n.max_age = 10min;
  });
  ASSERT_TRUE(accepted);
  const auto all = history(accepted->notification_id);
  ASSERT_EQ(all.deliveries.size(), 1U);
  EXPECT_EQ(all.deliveries[0].destination.audience, model::Audience::direct);
  EXPECT_EQ(all.deliveries[0].expires_at - all.notification.received_at, 10min);
}

TEST_F(PipelineTest, TheTimeZoneOfTheRecipientCountsOnceItIsTold) {
  add("slack", [](const auto&) { return delivered(); });
  start();
  make_pipeline({quiet_there(clock_, "Asia/Tokyo")});
  const auto first = accept_notification("m1");
  ASSERT_TRUE(first);
  EXPECT_FALSE(held(first->notification_id)) << "no zone reported: the named one counts";
  zones_.set("slack", "bobby@example.COM", "Asia/Tokyo");
  const auto second = accept_notification("m2");
  ASSERT_TRUE(second);
  EXPECT_TRUE(held(second->notification_id));
  zones_.set("slack", "bobby@example.com", "UTC");
  const auto third = accept_notification("m3");
  ASSERT_TRUE(third);
  EXPECT_FALSE(held(third->notification_id));
  const auto other = accept_notification("m4", [](model::Notification& n) { n.recipient.email = ""; });
  ASSERT_TRUE(other);
  EXPECT_FALSE(held(other->notification_id));
}

TEST_F(PipelineTest, WhatIsKeptOfTheRecipientIsLookedUp) {
  add("slack", [](const auto&) { return delivered(); });
  start();
  store_->kv_put("recipients:time-zone", "bobby@example.com", "Asia/Tokyo", std::nullopt, [](const auto& kept) { EXPECT_TRUE(kept); });
  make_pipeline({quiet_there(clock_, "Asia/Tokyo")});
  const auto accepted = accept_notification("m1");
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(held(accepted->notification_id));
}

TEST_F(PipelineTest, AClosedStoreIsAnErrorWhenItHasToBeAskedFirst) {
  add("slack", [](const auto&) { return delivered(); });
  start();
  make_pipeline({quiet_there(clock_, "Asia/Tokyo")});
  store_->close();
  const auto refused = accept_notification("m1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::unavailable);
}

TEST_F(PipelineTest, AClosedStoreIsAnError) {
  add("slack", [](const auto&) { return delivered(); });
  start();
  make_pipeline({route("everyone", {{"slack"}})});
  store_->close();
  const auto refused = accept_notification("m1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::unavailable);
}

}  // namespace
}  // namespace belfry::delivery
