#include <gmock/gmock.h>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using model::DeliveryState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_P(StoreTest, RetriedDeadLetterStartsAnew) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, failed(), RetryAt{kStart}));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  EXPECT_EQ(calls_.retry({"d-n1", "d-n1", "d-unknown"}, kStart + 48h, 2h), 1);
  const auto lease = calls_.lease(kStart + 48h);
  ASSERT_EQ(lease->leased.size(), 1);
  const auto& delivery = lease->leased[0].delivery;
  EXPECT_EQ(delivery.failures, 0);
  EXPECT_EQ(delivery.attempts, 2);
  EXPECT_FALSE(delivery.dead_letter);
  EXPECT_FALSE(delivery.possible_duplicate);
  EXPECT_EQ(delivery.expires_at, kStart + 50h);
  EXPECT_EQ(delivery.finished_at, base::Timestamp{});
  EXPECT_EQ(calls_.begin(lease->leased[0].claim, kStart + 48h), 3);
  const auto history = calls_.history("n1");
  EXPECT_THAT(whats(*history), ElementsAre("received", "rejected", "retried"));
  EXPECT_THAT(history->decisions[2].detail, HasSubstr("alice"));
}

TEST_P(StoreTest, UnfinishedOneIsNotRetried) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  EXPECT_EQ(calls_.retry({"d-n1"}, kStart), 0);
  ASSERT_EQ(calls_.lease(kStart)->leased.size(), 1);
  EXPECT_EQ(calls_.retry({"d-n1"}, kStart), 0);
}

TEST_P(StoreTest, DeliveredOneSentAgainIsAPossibleDuplicate) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));
  EXPECT_EQ(calls_.retry({"d-n1"}, kStart), 1);
  ASSERT_TRUE(deliver(kStart + 1h, delivered(), Done{}));
  const auto history = calls_.history("n1");
  EXPECT_TRUE(history->deliveries.at(0).possible_duplicate);
  EXPECT_THAT(whats(*history), ElementsAre("received", "delivered", "retried", "delivered")) << "each delivery is recorded";
  EXPECT_THAT(history->decisions[1].detail, HasSubstr("attempt 1"));
  EXPECT_THAT(history->decisions[3].detail, HasSubstr("attempt 2"));
}

TEST_P(StoreTest, OneErasedTextRefusesTheWholeRetry) {
  auto secret = simple("n1", "a");
  secret.notification.sensitive = true;
  ASSERT_TRUE(calls_.accept(secret));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  ASSERT_TRUE(calls_.accept(simple("n2", "b")));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  const auto refused = calls_.retry({"d-n2", "d-n1"}, kStart);
  EXPECT_EQ(refused.error().code, base::ErrorCode::invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("d-n1"));
  EXPECT_THAT(calls_.lease(kStart)->leased, IsEmpty());
  EXPECT_THAT(whats(*calls_.history("n2")), ElementsAre("received", "rejected"));
}

TEST_P(StoreTest, RetriedDigestBringsItsMembers) {
  for (const std::string id : {"n1", "n2"}) {
    auto one = planned("d-" + id);
    one.digest = DigestKey{"k", kStart + 1h};
    ASSERT_TRUE(calls_.accept(acceptance(id, {one})));
  }
  ASSERT_TRUE(deliver(kStart + 1h, failed(), DeadLetter{DeliveryState::rejected}));
  EXPECT_EQ(calls_.retry({"d-n1"}, kStart + 2h), 1);
  EXPECT_EQ(calls_.lease(kStart + 2h)->leased.at(0).items.size(), 2);
  EXPECT_EQ(calls_.sweep(kStart + 48h)->removed, 0) << "its notifications are unfinished again";
}

TEST_P(StoreTest, DiscardEndsWhatIsNotInFlight) {
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  ASSERT_TRUE(calls_.accept(simple("n2", "b")));
  ASSERT_TRUE(calls_.accept(simple("n3", "b")));
  ASSERT_TRUE(calls_.accept(simple("n4", "b")));
  ASSERT_EQ(calls_.lease(kStart, 1)->leased.size(), 1);
  EXPECT_EQ(calls_.discard({"d-n1", "d-n2", "d-n3", "d-n2", "d-unknown"}, kStart), 2);
  EXPECT_THAT(ids(*calls_.lease(kStart)), ElementsAre("d-n4"));
  const auto history = calls_.history("n2");
  EXPECT_EQ(history->deliveries[0].state, DeliveryState::discarded);
  EXPECT_FALSE(history->deliveries[0].dead_letter);
  EXPECT_THAT(whats(*history), ElementsAre("received", "discarded"));
  EXPECT_EQ(calls_.discard({"d-n1"}, kStart + 30s), 1) << "its lease has ended";
}

TEST_P(StoreTest, DiscardEndsDeadLettersButNotTheDelivered) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  ASSERT_TRUE(calls_.accept(simple("n2")));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));
  EXPECT_EQ(calls_.discard({"d-n1", "d-n2"}, kStart), 1);
  EXPECT_EQ(calls_.stats(kStart)->sinks["slack"].dead_letters, 0);
  EXPECT_EQ(calls_.retry({"d-n1"}, kStart), 1) << "an administrator may change their mind";
}

TEST_P(StoreTest, SweepRemovesWhatEndedLongAgo) {
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));
  ASSERT_TRUE(calls_.accept(simple("n2", "b")));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  ASSERT_TRUE(calls_.accept(acceptance("n3", {})));
  ASSERT_TRUE(calls_.accept(simple("n4", "c")));
  ASSERT_TRUE(deliver(kStart + 1h, delivered(), Done{}));
  ASSERT_TRUE(calls_.accept(acceptance("n5", {planned("d5"), planned("d5m", "bobby@coder.com", kStart, "mail")})));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));

  EXPECT_EQ(calls_.sweep(kStart)->removed, 0) << "a delivery that ended at exactly that time stays";
  EXPECT_EQ(calls_.sweep(kStart + 1h, 2)->removed, 2);
  EXPECT_EQ(calls_.sweep(kStart + 1h, 2)->removed, 1);
  EXPECT_EQ(calls_.sweep(kStart + 1h, 2)->removed, 0);
  for (const std::string gone : {"n1", "n2", "n3"}) EXPECT_FALSE(calls_.history(gone)) << gone;
  EXPECT_TRUE(calls_.history("n4"));
  EXPECT_EQ(calls_.history("n5")->deliveries.size(), 2) << "one delivery is unfinished";
  EXPECT_EQ(calls_.stats(kStart)->unrouted, 0);
  EXPECT_EQ(calls_.stats(kStart)->sinks["slack"].dead_letters, 0);
  EXPECT_FALSE(calls_.accept(simple("n1", "a"))->duplicate) << "it is forgotten";
  EXPECT_THAT(ids(*calls_.lease(kStart)), ElementsAre("d-n1"));
}

TEST_P(StoreTest, SweepLeavesOtherMembersOfADigest) {
  for (const std::string id : {"n1", "n2"}) {
    auto one = planned("d-" + id);
    one.digest = DigestKey{"k", kStart + 1h};
    auto input = acceptance(id, {one});
    if (id == "n2") input.deliveries.push_back(planned("d-mail", "bobby@coder.com", kStart, "mail"));
    ASSERT_TRUE(calls_.accept(input));
  }
  EXPECT_EQ(calls_.sweep(kStart + 48h)->removed, 0);
  ASSERT_TRUE(deliver(kStart + 1h, delivered(), Done{}));
  EXPECT_EQ(calls_.sweep(kStart + 48h)->removed, 1);
  EXPECT_FALSE(calls_.history("n1"));
  EXPECT_EQ(calls_.history("n2")->notification.body, "body of n2");
  EXPECT_THAT(ids(*calls_.lease(kStart, 1, "mail")), ElementsAre("d-mail"));
}

TEST_P(StoreTest, SweepKeepsAWindowThatIsOpen) {
  const auto deduped = [](const std::string& id, base::Timestamp now) {
    auto one = planned("d-" + id, "a", now);
    one.dedupe = DedupeKey{"event", 240h};
    return acceptance(id, {one});
  };
  ASSERT_TRUE(calls_.accept(deduped("n1", kStart)));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));
  EXPECT_EQ(calls_.sweep(kStart + 168h)->removed, 1);
  EXPECT_THAT(calls_.accept(deduped("n2", kStart + 200h))->sinks, IsEmpty());
  EXPECT_EQ(calls_.sweep(kStart + 500h)->removed, 2) << "the window and n2";
  EXPECT_THAT(calls_.accept(deduped("n3", kStart + 500h))->sinks, ElementsAre("slack"));
}

}  // namespace
}  // namespace belfry::store
