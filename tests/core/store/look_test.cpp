// Stats, find and record.
#include <gmock/gmock.h>

#include "core/store/store_test.hpp"

namespace belfry::store {
namespace {

using model::DeliveryState;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> found(const std::vector<model::Delivery>& deliveries) {
  std::vector<std::string> ids;
  for (const auto& delivery : deliveries) ids.push_back(delivery.id);
  return ids;
}

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
  EXPECT_EQ(stats->sinks["mail"].oldest, kStart + 5s);

  stats = calls_.stats(kStart + 1h);
  EXPECT_EQ(stats->sinks["slack"].waiting, 5) << "everything is due, nothing is paused";
  EXPECT_EQ(stats->sinks["slack"].backoff + stats->sinks["slack"].held, 0);
}

TEST_P(StoreTest, FindFilters) {
  ASSERT_TRUE(calls_.accept(simple("n1", "a", kStart)));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  ASSERT_TRUE(calls_.accept(simple("n2", "b", kStart + 1min)));
  auto other = acceptance("n3", {planned("d-n3", "c", kStart + 2min, "mail")});
  other.notification.recipient.email = "alice@coder.com";
  ASSERT_TRUE(calls_.accept(other));

  EXPECT_THAT(found(*calls_.find({})), ElementsAre("d-n3", "d-n2", "d-n1")) << "newest first";
  EXPECT_THAT(found(*calls_.find({.most = 2})), ElementsAre("d-n3", "d-n2"));
  EXPECT_THAT(found(*calls_.find({.most = 0})), IsEmpty());
  EXPECT_THAT(found(*calls_.find({.state = DeliveryState::waiting})), ElementsAre("d-n3", "d-n2"));
  EXPECT_THAT(found(*calls_.find({.state = DeliveryState::delivered})), IsEmpty());
  EXPECT_THAT(found(*calls_.find({.dead_letter = true})), ElementsAre("d-n1"));
  EXPECT_THAT(found(*calls_.find({.dead_letter = false})), ElementsAre("d-n3", "d-n2"));
  EXPECT_THAT(found(*calls_.find({.sink = "mail"})), ElementsAre("d-n3"));
  EXPECT_THAT(found(*calls_.find({.email = "BOBBY@coder.com"})), ElementsAre("d-n2", "d-n1"));
  EXPECT_THAT(found(*calls_.find({.since = kStart + 1min})), ElementsAre("d-n3", "d-n2"));
  EXPECT_THAT(found(*calls_.find({.sink = "slack", .email = "bobby@coder.com", .since = kStart + 1ms})), ElementsAre("d-n2"));
}

TEST_P(StoreTest, RecordOfNothingIsNotFound) { EXPECT_EQ(calls_.record("n1").error().code, base::ErrorCode::not_found); }

TEST_P(StoreTest, RecordKeepsTheGivenDecisions) {
  auto given = simple("n1");
  given.decisions.push_back({.at = kStart, .notification_id = "n1", .delivery_id = "d-n1", .what = "routed", .detail = "by everyone"});
  ASSERT_TRUE(calls_.accept(given));
  EXPECT_EQ(calls_.record("n1")->decisions, given.decisions);
}

TEST_P(StoreTest, ProbeSaysThatItCanWrite) { EXPECT_EQ(calls_.probe(), true); }

}  // namespace
}  // namespace belfry::store
