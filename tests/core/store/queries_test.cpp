// Stats, history and the pages of notifications.
#include <gmock/gmock.h>

#include "core/store/store_fixture.hpp"
#include "model/codec.hpp"

namespace belfry::store {
namespace {

using model::DeliveryState;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(StoreTest, StatsOfNothing) {
  const auto stats = calls_.stats(kStart);
  EXPECT_TRUE(stats->sinks.empty());
  EXPECT_EQ(stats->unrouted, 0);
}

TEST_P(StoreTest, StatsTellEveryStateOnce) {
  ASSERT_TRUE(calls_.accept(simple("dead", "dead")));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::expired}));
  ASSERT_TRUE(calls_.accept(simple("done", "done")));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));
  ASSERT_TRUE(calls_.accept(simple("backoff", "backoff", kStart - 1h)));
  ASSERT_TRUE(deliver(kStart, failed(), RetryAt{kStart + 1min}));
  ASSERT_TRUE(calls_.accept(simple("flying", "flying")));
  ASSERT_EQ(calls_.lease(kStart, 1)->leased.size(), 1);
  ASSERT_TRUE(calls_.accept(simple("behind1", "flying")));
  ASSERT_TRUE(calls_.accept(simple("behind2", "backoff")));
  ASSERT_TRUE(calls_.accept(simple("paused", "paused")));
  ASSERT_TRUE(calls_.pause("direct:paused", kStart + 1min));
  auto held = planned("d-held", "held");
  held.delivery.due_at = kStart + 1h;
  ASSERT_TRUE(calls_.accept(acceptance("held", {held})));
  ASSERT_TRUE(calls_.accept(acceptance("mail", {planned("d-mail", "a", kStart + 5s, "mail")})));

  auto stats = calls_.stats(kStart);
  ASSERT_EQ(stats->sinks.size(), 2);
  auto& slack = stats->sinks["slack"];
  EXPECT_EQ(slack.waiting, 2);
  EXPECT_EQ(slack.in_flight, 1);
  EXPECT_EQ(slack.backoff, 1);
  EXPECT_EQ(slack.held, 2);
  EXPECT_EQ(slack.dead_letters, 1);
  EXPECT_EQ(slack.oldest, kStart - 1h);
  EXPECT_FALSE(stats->sinks["mail"].oldest) << "not due yet";
  EXPECT_TRUE(slack.waiting_since && *slack.waiting_since <= kStart);
  EXPECT_TRUE(slack.next_due && *slack.next_due > kStart && *slack.next_due <= kStart + 1min);
  EXPECT_FALSE(stats->sinks["mail"].waiting_since);
  EXPECT_EQ(stats->sinks["mail"].next_due, kStart + 5s);
  EXPECT_EQ(calls_.stats(kStart + 1min)->sinks["mail"].oldest, kStart + 5s);

  stats = calls_.stats(kStart + 1h);
  EXPECT_EQ(stats->sinks["slack"].waiting, 5) << "everything is due and nothing is paused";
  EXPECT_EQ(stats->sinks["slack"].backoff + stats->sinks["slack"].held, 0);
}

TEST_P(StoreTest, RecordOfNothingIsNotFound) { EXPECT_EQ(calls_.history("n1").error().code, base::ErrorCode::not_found); }

TEST_P(StoreTest, RecordKeepsTheGivenDecisions) {
  auto input = simple("n1");
  input.decisions.push_back({.at = kStart, .notification_id = "n1", .delivery_id = "d-n1", .event = "routed", .detail = "by everyone"});
  ASSERT_TRUE(calls_.accept(input));
  EXPECT_EQ(calls_.history("n1")->decisions, input.decisions);
}

TEST_P(StoreTest, WhatWasRecordedComesInParts) {
  auto secret = simple("n2");
  secret.notification.sensitive = true;
  auto old = simple("n0");
  old.notification.received_at = kStart - 1ms;
  ASSERT_TRUE(calls_.accept(old));
  for (const auto& id : {"n1", "n2", "n3", "n4"}) ASSERT_TRUE(calls_.accept(std::string_view(id) == "n2" ? secret : simple(id)));
  std::vector<std::string> seen;
  std::uint64_t sensitive = 0;
  std::int64_t from = 0;
  std::size_t parts = 0;
  do {
    const auto part = calls_.list_notifications(kStart, from, 2);
    ASSERT_TRUE(part);
    for (const auto& text : part->notifications) seen.push_back(model::decode_notification(text)->id);
    sensitive += part->sensitive;
    from = part->next;
    ++parts;
  } while (from != 0);
  EXPECT_THAT(seen, ElementsAre("n1", "n3", "n4"));
  EXPECT_EQ(sensitive, 1U);
  EXPECT_EQ(parts, 2U);
  EXPECT_THAT(calls_.list_notifications(kStart + 1ms, 0, 10)->notifications, IsEmpty());
}

TEST_P(StoreTest, APartOfWhatWasRecordedIsBoundedInBytes) {
  for (int i = 0; i < 4; ++i) {
    auto large = simple("n" + std::to_string(i));
    large.notification.body = std::string(2'000'000, 'x');
    ASSERT_TRUE(calls_.accept(large));
  }
  EXPECT_EQ(calls_.list_notifications(kStart, 0, 10)->notifications.size(), 3U);
  EXPECT_NE(calls_.list_notifications(kStart, 0, 10)->next, 0);
}

TEST_P(StoreTest, WhatWasDroppedIsNotUnrouted) {
  auto dropped = acceptance("n1", {});
  dropped.dropped = true;
  ASSERT_TRUE(calls_.accept(dropped));
  EXPECT_EQ(calls_.stats(kStart)->unrouted, 0U);
  ASSERT_TRUE(calls_.accept(acceptance("n2", {})));
  EXPECT_EQ(calls_.stats(kStart)->unrouted, 1U);
}

TEST_P(StoreTest, ProbeSaysThatItCanWrite) { EXPECT_EQ(calls_.probe(), true); }

}  // namespace
}  // namespace belfry::store
