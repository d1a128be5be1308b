#include <gmock/gmock.h>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_P(StoreTest, AcceptedDeliveryIsLeasedAsItWasGiven) {
  auto input = acceptance("n1", {planned("d1")});
  input.notification.actions = {{"View", "/workspaces"}};
  input.notification.data = {{"k", {1, 2, nullptr}}};
  input.notification.max_age = 10min;
  auto& delivery = input.deliveries[0].delivery;
  delivery.overrides = {{"channel", "C1"}};
  delivery.fallback = {"mail", "log"};
  delivery.allow_sensitive = true;

  const auto accepted = calls_.accept(input);
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_FALSE(accepted->duplicate);
  EXPECT_EQ(accepted->notification_id, "n1");
  EXPECT_THAT(accepted->sinks, ElementsAre("slack"));

  const auto lease = calls_.lease(kStart);
  ASSERT_EQ(lease->leased.size(), 1);
  const auto& leased = lease->leased[0];
  EXPECT_FALSE(leased.in_doubt);
  EXPECT_THAT(leased.items, ElementsAre(input.notification));
  auto expected = delivery;
  expected.sequence = leased.delivery.sequence;
  expected.notification_id = "n1";
  expected.state = model::DeliveryState::in_flight;
  EXPECT_EQ(leased.delivery, expected);
}

TEST_P(StoreTest, SecondAcceptOfTheSameMessageChangesNothing) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  auto again = simple("n2");
  again.notification.msg_id = "msg-n1";
  const auto second = calls_.accept(again);
  EXPECT_TRUE(second->duplicate);
  EXPECT_EQ(second->notification_id, "n1");
  EXPECT_THAT(second->sinks, IsEmpty());
  EXPECT_EQ(calls_.history("n2").error().code, base::ErrorCode::not_found);
  EXPECT_TRUE(calls_.accept(again)->duplicate);
  EXPECT_THAT(whats(*calls_.history("n1")), ElementsAre("received", "duplicate")) << "recorded once";
  EXPECT_THAT(ids(*calls_.lease(kStart)), ElementsAre("d-n1"));

  again.notification.source = "other";
  EXPECT_FALSE(calls_.accept(again)->duplicate) << "the same id from another source is another message";
}

TEST_P(StoreTest, UnroutedNotificationIsKeptAndCounted) {
  const auto accepted = calls_.accept(acceptance("n1", {}));
  EXPECT_THAT(accepted->sinks, IsEmpty());
  EXPECT_EQ(calls_.stats(kStart)->unrouted, 1);
  EXPECT_EQ(calls_.history("n1")->notification, notification("n1"));
  EXPECT_TRUE(calls_.accept(acceptance("n1", {}))->duplicate);
}

TEST_P(StoreTest, SecondDeliveryToTheSameTargetIsMerged) {
  auto input = acceptance("n1", {planned("d1"), planned("d2"), planned("d3", "bobby@coder.com", kStart, "mail")});
  EXPECT_THAT(calls_.accept(input)->sinks, ElementsAre("slack", "mail"));
  const auto history = calls_.history("n1");
  ASSERT_EQ(history->deliveries.size(), 2);
  EXPECT_EQ(history->deliveries[0].id, "d1");
  EXPECT_EQ(history->deliveries[1].id, "d3");
  EXPECT_THAT(whats(*history), ElementsAre("received", "merged"));
}

TEST_P(StoreTest, DirectAndSharedAreTwoQueues) {
  auto shared = planned("d2");
  shared.delivery.destination.audience = model::Audience::shared;
  ASSERT_TRUE(calls_.accept(acceptance("n1", {planned("d1"), shared})));
  const auto lease = calls_.lease(kStart);
  ASSERT_EQ(lease->leased.size(), 2);
  EXPECT_EQ(lease->leased[1].delivery.destination, shared.delivery.destination);
}

TEST_P(StoreTest, OddTextSurvives) {
  auto input = simple("n1", "a:b:c");
  input.notification.title = std::string("nul\0inside", 10) + "\xF0\x9F\x94\x94 '\"\\";
  input.notification.body = std::string(300'000, 'x');
  input.notification.msg_id = "'; DROP TABLE notifications; --";
  ASSERT_TRUE(calls_.accept(input));
  const auto lease = calls_.lease(kStart);
  ASSERT_EQ(lease->leased.size(), 1);
  EXPECT_EQ(lease->leased[0].items[0], input.notification);
  EXPECT_EQ(lease->leased[0].delivery.destination.address, "a:b:c");
}

TEST_P(StoreTest, EmptyAddressIsADestination) {
  ASSERT_TRUE(calls_.accept(simple("n1", "")));
  EXPECT_EQ(calls_.lease(kStart)->leased[0].delivery.destination.address, "");
}

TEST_P(StoreTest, DedupeSendsTheFirstWithinTheWindow) {
  const auto with_key = [](const std::string& id, base::Timestamp now, const std::string& sink = "slack") {
    auto one = planned("d-" + id, "C1", now, sink);
    one.dedupe = DedupeKey{"event", 5min, "repeats"};
    return acceptance(id, {one});
  };
  ASSERT_TRUE(calls_.accept(with_key("n1", kStart)));
  EXPECT_THAT(calls_.accept(with_key("n2", kStart + 1s))->sinks, IsEmpty());
  EXPECT_THAT(calls_.accept(with_key("n3", kStart + 5min - 1ms))->sinks, IsEmpty());
  EXPECT_THAT(calls_.accept(with_key("n4", kStart + 1s, "mail"))->sinks, ElementsAre("mail")) << "the key is scoped to one sink";
  EXPECT_THAT(calls_.accept(with_key("n5", kStart + 5min))->sinks, ElementsAre("slack")) << "the window is over";

  const auto history = calls_.history("n2");
  EXPECT_THAT(history->deliveries, IsEmpty());
  EXPECT_THAT(whats(*history), ElementsAre("received", "deduplicated"));
  EXPECT_EQ(history->decisions[1].detail, "slack direct:C1: processor \"repeats\": the same event was sent within 5m as notification n1");
  ASSERT_THAT(history->repeated, SizeIs(1));
  EXPECT_EQ(history->repeated[0].id, "n1");
  EXPECT_EQ(history->repeated[0].msg_id, "msg-n1");
  EXPECT_EQ(history->repeated[0].deliveries.at(0).id, "d-n1");
  EXPECT_THAT(calls_.history("n1")->repeated, IsEmpty());
  EXPECT_EQ(calls_.stats(kStart)->unrouted, 0) << "a route matched";
}

TEST_P(StoreTest, TheKeyOfADedupeIsRecordedAsItMayBeShown) {
  for (const std::string id : {"n1", "n2"}) {
    auto one = planned("d-" + id, "C1");
    one.dedupe = DedupeKey{.key = "token glpat-1", .window = 5min, .by = "repeats", .shown = "token *"};
    ASSERT_TRUE(calls_.accept(acceptance(id, {one})));
  }
  EXPECT_EQ(calls_.history("n2")->decisions[1].detail,
            "slack direct:C1: processor \"repeats\": key \"token *\" was sent within 5m as notification n1");
}

TEST_P(StoreTest, NothingOfASuppressedSensitiveTextIsKept) {
  for (const std::string id : {"n1", "n2"}) {
    auto one = planned("d-" + id);
    one.dedupe = DedupeKey{"event", 5min};
    auto input = acceptance(id, {one});
    input.notification.sensitive = true;
    ASSERT_TRUE(calls_.accept(input));
  }
  EXPECT_EQ(calls_.history("n1")->notification.body, "body of n1");
  EXPECT_EQ(calls_.history("n2")->notification.body, "");
}

}  // namespace
}  // namespace belfry::store
