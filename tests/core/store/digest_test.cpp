#include <gmock/gmock.h>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using model::DeliveryState;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kDue = kStart + 1h;

Acceptance for_digest(const std::string& id, base::Timestamp now = kStart, const std::string& address = "bobby@coder.com") {
  auto one = planned("d-" + id, address, now);
  one.digest = DigestKey{"hourly", kDue};
  return acceptance(id, {one});
}

std::vector<std::string> items(const Leased& leased) {
  std::vector<std::string> items;
  for (const auto& item : leased.items) items.push_back(item.id);
  return items;
}

TEST_P(StoreTest, DigestIsOneDelivery) {
  EXPECT_THAT(calls_.accept(for_digest("n1"))->sinks, ElementsAre("slack"));
  EXPECT_THAT(calls_.accept(for_digest("n2", kStart + 1min))->sinks, IsEmpty()) << "it joins the digest";
  ASSERT_TRUE(calls_.accept(for_digest("n3", kStart, "other@coder.com")));
  EXPECT_THAT(calls_.lease(kDue - 1ms)->leased, IsEmpty());
  const auto lease = calls_.lease(kDue);
  ASSERT_THAT(ids(*lease), ElementsAre("d-n1", "d-n3"));
  EXPECT_THAT(items(lease->leased[0]), ElementsAre("n1", "n2"));
  EXPECT_EQ(lease->leased[0].delivery.kind, model::DeliveryKind::digest);
  EXPECT_EQ(lease->leased[0].delivery.notification_id, "n1");
}

TEST_P(StoreTest, LeasedDigestIsClosed) {
  ASSERT_TRUE(calls_.accept(for_digest("n1")));
  const auto lease = calls_.lease(kDue);
  ASSERT_EQ(lease->leased.size(), 1);
  ASSERT_EQ(calls_.release(lease->leased[0].claim, kDue), true);
  EXPECT_THAT(calls_.accept(for_digest("n2", kDue))->sinks, ElementsAre("slack")) << "opens another";
  EXPECT_THAT(items(calls_.lease(kDue)->leased.at(0)), ElementsAre("n1"));
}

TEST_P(StoreTest, ExpiredDigestIsNotJoined) {
  ASSERT_TRUE(calls_.accept(for_digest("n1")));
  EXPECT_THAT(calls_.accept(for_digest("n2", kStart + 24h))->sinks, ElementsAre("slack"));
}

TEST_P(StoreTest, FullDigestIsFollowedByAnother) {
  for (int i = 0; i < 501; ++i) ASSERT_TRUE(calls_.accept(for_digest("n" + std::to_string(i))));
  ASSERT_EQ(calls_.deliveries()->size(), 2);
  EXPECT_EQ(calls_.lease(kDue)->leased.at(0).items.size(), 500);
}

// A notification of roughly that many bytes.
Acceptance large(const std::string& id, std::size_t bytes, base::Timestamp now = kStart) {
  auto one = for_digest(id, now);
  one.notification.body.assign(bytes, 'x');
  return one;
}

TEST_P(StoreTest, DigestIsClosedByItsBytes) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(calls_.accept(large("n" + std::to_string(i), 80'000)));
  auto found = calls_.deliveries();
  ASSERT_EQ(found->size(), 4) << "three full digests and one more";
  std::size_t items = 0;
  for (const std::size_t expected : {3, 3, 3, 1}) {
    const auto lease = calls_.lease(kDue);
    ASSERT_EQ(lease->leased.size(), 1);
    EXPECT_EQ(lease->leased[0].items.size(), expected);
    EXPECT_LE(lease->leased[0].bytes, 256 * 1024);
    EXPECT_EQ(lease->leased[0].items[0].id, "n" + std::to_string(items)) << "in accept order";
    items += lease->leased[0].items.size();
    ASSERT_TRUE(calls_.finish(finish_of(lease->leased[0], 0, delivered(), Done{}, kDue))->applied);
  }
}

TEST_P(StoreTest, AMemberThatIsLargerThanADigestIsOneOfItsOwn) {
  for (const auto* id : {"n1", "n2"}) ASSERT_TRUE(calls_.accept(large(id, 1'000'000)));
  ASSERT_TRUE(calls_.accept(large("n3", 10)));
  const auto first = calls_.lease(kDue);
  ASSERT_EQ(first->leased.size(), 1);
  EXPECT_THAT(items(first->leased[0]), ElementsAre("n1"));
  ASSERT_TRUE(calls_.finish(finish_of(first->leased[0], 0, delivered(), Done{}, kDue))->applied);
  EXPECT_THAT(items(calls_.lease(kDue)->leased.at(0)), ElementsAre("n2"));
}

TEST_P(StoreTest, ThrottledOverflowIsClosedByItsBytesToo) {
  for (int i = 0; i < 6; ++i) {
    auto one = large("n" + std::to_string(i), 100'000);
    one.deliveries[0].digest.reset();
    one.deliveries[0].throttle = ThrottleKey{"t", 1, 1h, {"t", kDue}};
    ASSERT_TRUE(calls_.accept(one));
  }
  EXPECT_EQ(calls_.deliveries()->size(), 4) << "one, then two per digest";
}

TEST_P(StoreTest, ALeaseIsBoundedByItsBytes) {
  for (int i = 0; i < 8; ++i) {
    auto one = simple("n" + std::to_string(i), "a" + std::to_string(i));
    one.notification.body.assign(1'000'000, 'x');
    ASSERT_TRUE(calls_.accept(one));
  }
  EXPECT_EQ(calls_.lease(kStart, 16)->leased.size(), 5) << "the one that reaches 4 MiB is the last";
  const auto expired = calls_.lease_expired(kStart + 48h, 16);
  EXPECT_EQ(expired->leased.size(), 5);
}

TEST_P(StoreTest, EveryMemberTellsTheDigestsStory) {
  ASSERT_TRUE(calls_.accept(for_digest("n1")));
  ASSERT_TRUE(calls_.accept(for_digest("n2")));
  ASSERT_TRUE(deliver(kDue, delivered(), Done{})->applied);
  for (const std::string id : {"n1", "n2"}) {
    const auto history = calls_.history(id);
    ASSERT_EQ(history->deliveries.size(), 1) << id;
    EXPECT_EQ(history->deliveries[0].state, DeliveryState::delivered);
    EXPECT_EQ(history->attempts.size(), 1);
    EXPECT_THAT(whats(*history), ElementsAre("received", "digested", "delivered")) << id;
    EXPECT_EQ(history->decisions[1].delivery_id, "d-n1");
  }
}

TEST_P(StoreTest, SensitiveOneStaysOutOfDigests) {
  auto input = for_digest("n1");
  input.notification.sensitive = true;
  ASSERT_TRUE(calls_.accept(input));
  const auto lease = calls_.lease(kStart);
  ASSERT_EQ(lease->leased.size(), 1);
  EXPECT_EQ(lease->leased[0].delivery.kind, model::DeliveryKind::notification);
}

TEST_P(StoreTest, DigestFallsBackAsADigest) {
  auto both = for_digest("n2");
  both.deliveries.push_back(planned("d-mail", "bobby@coder.com", kStart, "mail"));
  for (const auto& input : {for_digest("n1"), both, for_digest("n3")}) ASSERT_TRUE(calls_.accept(input));
  auto mail = planned("f1", "bobby@coder.com", kDue, "mail").delivery;
  EXPECT_THAT(deliver(kDue, failed(), FallBack{DeliveryState::rejected, {mail}})->sinks, ElementsAre("mail"));
  const auto lease = calls_.lease(kDue, 10, "mail");
  ASSERT_THAT(ids(*lease), ElementsAre("d-mail"));
  ASSERT_TRUE(calls_.finish(finish_of(lease->leased[0], 0, delivered(), Done{}, kDue))->applied);
  const auto digest = calls_.lease(kDue, 10, "mail");
  ASSERT_THAT(ids(*digest), ElementsAre("f1"));
  EXPECT_THAT(items(digest->leased[0]), ElementsAre("n1", "n3")) << "n2 already has a delivery there";
  EXPECT_EQ(digest->leased[0].delivery.kind, model::DeliveryKind::digest);
  EXPECT_THAT(whats(*calls_.history("n2")), testing::Contains("merged"));
  EXPECT_EQ(calls_.history("n3")->deliveries.size(), 2);
}

TEST_P(StoreTest, MemberOfADigestHasThatTarget) {
  auto input = for_digest("n2");
  input.deliveries.push_back(planned("d-mail", "bobby@coder.com", kStart, "mail"));
  ASSERT_TRUE(calls_.accept(for_digest("n1")));
  ASSERT_TRUE(calls_.accept(input));
  const auto lease = calls_.lease(kStart, 1, "mail");
  const FallBack next{DeliveryState::rejected, {planned("f1").delivery}};
  EXPECT_THAT(calls_.finish(finish_of(lease->leased.at(0), 0, failed(), next, kStart))->sinks, IsEmpty());
  EXPECT_THAT(whats(*calls_.history("n2")), testing::Contains("merged"));
}

TEST_P(StoreTest, DiscardedDigestTakesNobodyIn) {
  ASSERT_TRUE(calls_.accept(for_digest("n1")));
  EXPECT_THAT(calls_.discard({"d-n1"}, kStart)->changed, ElementsAre("d-n1"));
  EXPECT_THAT(calls_.accept(for_digest("n2"))->sinks, ElementsAre("slack"));
}

Acceptance throttled(const std::string& id, base::Timestamp now, std::uint32_t limit = 2) {
  auto one = planned("d-" + id, "bobby@coder.com", now);
  one.throttle = ThrottleKey{.key = "t", .limit = limit, .window = 10min, .overflow = {"over", kDue}};
  return acceptance(id, {one});
}

TEST_P(StoreTest, ThrottleSendsTheRestAsADigest) {
  for (int i = 1; i <= 4; ++i) ASSERT_TRUE(calls_.accept(throttled("n" + std::to_string(i), kStart + std::chrono::minutes(i))));
  ASSERT_TRUE(calls_.accept(throttled("n5", kStart + 11min))) << "a new window: the first began with n1";
  const auto found = calls_.deliveries();
  ASSERT_EQ(found->size(), 4);
  EXPECT_EQ((*found)[0].id, "d-n5");
  EXPECT_EQ((*found)[0].kind, model::DeliveryKind::notification);
  EXPECT_EQ((*found)[1].id, "d-n3");
  EXPECT_EQ((*found)[1].kind, model::DeliveryKind::digest);
  EXPECT_THAT(whats(*calls_.history("n4")), ElementsAre("received", "throttled", "digested"));
}

TEST_P(StoreTest, TheRestIsDueWhenTheWindowEnds) {
  const auto at = [](const std::string& id, base::Timestamp now) {
    auto input = throttled(id, now, 1);
    input.deliveries[0].throttle->overflow = {.key = "over", .due_at = now + 10min, .expires_at = now + 2h, .note = "more than one"};
    return input;
  };
  ASSERT_TRUE(calls_.accept(at("n1", kStart)));
  ASSERT_TRUE(calls_.accept(at("n2", kStart + 9min)));
  const auto found = calls_.history("n2")->deliveries;
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].due_at, kStart + 10min);
  EXPECT_EQ(found[0].expires_at, kStart + 9min + 2h);
  EXPECT_EQ(found[0].note, "more than one");
}

TEST_P(StoreTest, ThrottleOfZeroSendsDigestsOnly) {
  ASSERT_TRUE(calls_.accept(throttled("n1", kStart, 0)));
  EXPECT_EQ(calls_.deliveries()->at(0).kind, model::DeliveryKind::digest);
}

TEST_P(StoreTest, SensitiveOneIsNotThrottledAway) {
  for (const std::string id : {"n1", "n2", "n3"}) {
    auto input = throttled(id, kStart);
    input.notification.sensitive = true;
    ASSERT_TRUE(calls_.accept(input));
  }
  const auto found = calls_.deliveries();
  ASSERT_EQ(found->size(), 3);
  for (const auto& delivery : *found) EXPECT_EQ(delivery.kind, model::DeliveryKind::notification);
}

}  // namespace
}  // namespace belfry::store
