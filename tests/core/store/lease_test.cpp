#include <gmock/gmock.h>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_P(StoreTest, NothingWaitsInAnEmptyStore) {
  const auto lease = calls_.lease(kStart);
  EXPECT_THAT(lease->leased, IsEmpty());
  EXPECT_EQ(lease->next_ready, std::nullopt);
}

TEST_P(StoreTest, OneInFlightPerQueueInAcceptOrder) {
  for (const std::string id : {"n1", "n2", "n3"}) ASSERT_TRUE(calls_.accept(simple(id)));
  std::vector<std::string> order;
  for (int i = 0; i < 3; ++i) {
    const auto lease = calls_.lease(kStart);
    ASSERT_EQ(lease->leased.size(), 1);
    EXPECT_THAT(calls_.lease(kStart)->leased, IsEmpty()) << "one is in flight";
    order.push_back(lease->leased[0].delivery.id);
    const auto attempt = calls_.begin(lease->leased[0].claim, kStart);
    EXPECT_EQ(attempt, 1);
    EXPECT_TRUE(calls_.finish(finish_of(lease->leased[0], *attempt, delivered(), Done{}, kStart))->applied);
  }
  EXPECT_THAT(order, ElementsAre("d-n1", "d-n2", "d-n3"));
  EXPECT_EQ(calls_.lease(kStart)->next_ready, std::nullopt);
}

TEST_P(StoreTest, LeasesHeadsOfManyQueuesOldestReadyFirst) {
  ASSERT_TRUE(calls_.accept(simple("n1", "c", kStart + 2s)));
  ASSERT_TRUE(calls_.accept(simple("n2", "a", kStart + 1s)));
  ASSERT_TRUE(calls_.accept(simple("n3", "b", kStart)));
  EXPECT_THAT(ids(*calls_.lease(kStart + 2s, 2)), ElementsAre("d-n3", "d-n2"));
  EXPECT_THAT(ids(*calls_.lease(kStart + 2s, 2)), ElementsAre("d-n1"));
}

TEST_P(StoreTest, NextReadyTellsOfMoreThanWasAskedFor) {
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  ASSERT_TRUE(calls_.accept(simple("n2", "b")));
  EXPECT_EQ(calls_.lease(kStart, 1)->next_ready, kStart);
  EXPECT_EQ(calls_.lease(kStart, 0)->next_ready, kStart);
  EXPECT_EQ(calls_.lease(kStart, 1)->next_ready, kStart + 30s) << "the end of the lease";
}

TEST_P(StoreTest, SinksAreApart) {
  ASSERT_TRUE(calls_.accept(acceptance("n1", {planned("d1"), planned("d2", "bobby@coder.com", kStart, "mail")})));
  EXPECT_THAT(ids(*calls_.lease(kStart, 10, "mail")), ElementsAre("d2"));
  EXPECT_THAT(ids(*calls_.lease(kStart, 10, "slack")), ElementsAre("d1"));
  EXPECT_THAT(ids(*calls_.lease(kStart, 10, "gone")), IsEmpty());
}

TEST_P(StoreTest, LeaseNeedsATime) {
  EXPECT_EQ(calls_.lease(kStart, 1, "slack", 0s).error().code, base::ErrorCode::invalid);
  EXPECT_EQ(calls_.lease(kStart, 1, "slack", -1s).error().code, base::ErrorCode::invalid);
}

TEST_P(StoreTest, BackoffBlocksItsOwnQueueOnly) {
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  ASSERT_TRUE(calls_.accept(simple("n2", "a", kStart + 1ms)));
  ASSERT_TRUE(calls_.accept(simple("n3", "b", kStart + 2ms)));
  ASSERT_TRUE(deliver(kStart, failed(), RetryAt{kStart + 10s}));
  EXPECT_THAT(ids(*calls_.lease(kStart + 1s)), ElementsAre("d-n3"));
  const auto nothing = calls_.lease(kStart + 10s - 1ms);
  EXPECT_THAT(nothing->leased, IsEmpty());
  EXPECT_EQ(nothing->next_ready, kStart + 10s);
  EXPECT_THAT(ids(*calls_.lease(kStart + 10s)), ElementsAre("d-n1")) << "the head keeps its place";
}

TEST_P(StoreTest, HistoryNamesTheHeadOfTheQueue) {
  auto held = planned("d-held", "a");
  held.delivery.due_at = kStart + 1h;
  ASSERT_TRUE(calls_.accept(acceptance("n0", {held})));
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  ASSERT_TRUE(calls_.accept(simple("n2", "a")));
  const auto position = [&](const std::string& id) { return calls_.history(id)->queues.at(0); };
  EXPECT_EQ(position("n1"), (QueuePosition{"d-n1", {}, {}})) << "the held one has not joined";
  EXPECT_EQ(position("n2").head->id, "d-n1");
  ASSERT_TRUE(deliver(kStart, failed("timeout"), RetryAt{kStart + 10s}));
  EXPECT_EQ(position("n2").delivery_id, "d-n2");
  EXPECT_EQ(position("n2").head->id, "d-n1");
  EXPECT_EQ(position("n2").head->last_reason, "timeout");
  EXPECT_EQ(position("n1").head, std::nullopt);
  ASSERT_TRUE(deliver(kStart + 10s, delivered(), Done{}));
  EXPECT_THAT(calls_.history("n1")->queues, IsEmpty()) << "it has ended";
  EXPECT_EQ(position("n2").head, std::nullopt);
  ASSERT_TRUE(calls_.pause("direct:a", kStart + 1min));
  EXPECT_EQ(position("n2").paused_until, kStart + 1min);
}

TEST_P(StoreTest, WhatIsNotDueYetBlocksNobody) {
  auto held = planned("d-held");
  held.delivery.due_at = kStart + 1h;
  ASSERT_TRUE(calls_.accept(acceptance("n1", {held})));
  EXPECT_EQ(calls_.lease(kStart)->next_ready, kStart + 1h);
  ASSERT_TRUE(calls_.accept(simple("n2")));
  ASSERT_TRUE(calls_.accept(simple("n3")));
  EXPECT_THAT(ids(*calls_.lease(kStart)), ElementsAre("d-n2"));
  const auto later = calls_.lease(kStart + 1h);
  EXPECT_THAT(ids(*later), ElementsAre("d-held")) << "once it is due, accept order applies";
}

TEST_P(StoreTest, HeldOneJoinsBeforeAHeadInBackoff) {
  auto held = planned("d-held");
  held.delivery.due_at = kStart + 1min;
  ASSERT_TRUE(calls_.accept(acceptance("n1", {held})));
  ASSERT_TRUE(calls_.accept(simple("n2")));
  ASSERT_TRUE(deliver(kStart, failed(), RetryAt{kStart + 1h}));
  EXPECT_EQ(calls_.lease(kStart)->next_ready, kStart + 1min);
  EXPECT_THAT(ids(*calls_.lease(kStart + 1min)), ElementsAre("d-held"));
}

TEST_P(StoreTest, PausedQueueIsNotLeased) {
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  ASSERT_TRUE(calls_.accept(simple("n2", "b")));
  EXPECT_EQ(calls_.pause("direct:a", kStart + 1min), true);
  EXPECT_THAT(ids(*calls_.lease(kStart)), ElementsAre("d-n2"));
  EXPECT_EQ(calls_.lease(kStart + 31s, 0)->next_ready, kStart + 30s);
  EXPECT_THAT(ids(*calls_.lease(kStart + 1min - 1ms, 10, "slack", 1h)), ElementsAre("d-n2")) << "its lease has ended, the pause has not";
  EXPECT_THAT(ids(*calls_.lease(kStart + 1min)), ElementsAre("d-n1"));
}

TEST_P(StoreTest, PausingAgainReplacesTheTime) {
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  ASSERT_TRUE(calls_.pause("direct:a", kStart + 1h));
  ASSERT_TRUE(calls_.pause("direct:a", kStart + 1min));
  EXPECT_THAT(ids(*calls_.lease(kStart + 1min)), ElementsAre("d-n1"));
}

TEST_P(StoreTest, PauseHoldsForWhatComesLaterAndAfterTheOneInFlight) {
  EXPECT_EQ(calls_.pause("direct:a", kStart + 1min), false) << "nothing waits there yet";
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  EXPECT_THAT(calls_.lease(kStart)->leased, IsEmpty());
  const auto lease = calls_.lease(kStart + 1min);
  ASSERT_EQ(lease->leased.size(), 1);
  ASSERT_TRUE(calls_.pause("direct:a", kStart + 2min));
  ASSERT_TRUE(calls_.accept(simple("n2", "a")));
  const auto attempt = calls_.begin(lease->leased[0].claim, kStart + 1min);
  ASSERT_TRUE(calls_.finish(finish_of(lease->leased[0], *attempt, delivered(), Done{}, kStart + 1min))->applied);
  EXPECT_THAT(calls_.lease(kStart + 2min - 1ms)->leased, IsEmpty());
  EXPECT_THAT(ids(*calls_.lease(kStart + 2min)), ElementsAre("d-n2"));
}

TEST_P(StoreTest, LostClaimCanDoNothing) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  const auto first = calls_.lease(kStart);
  ASSERT_EQ(first->leased.size(), 1);
  ASSERT_EQ(calls_.begin(first->leased[0].claim, kStart), 1);
  EXPECT_THAT(calls_.lease(kStart + 30s - 1ms)->leased, IsEmpty());
  const auto second = calls_.lease(kStart + 30s);
  ASSERT_EQ(second->leased.size(), 1);
  EXPECT_NE(second->leased[0].claim, first->leased[0].claim);
  EXPECT_TRUE(second->leased[0].in_doubt) << "an attempt began and has no outcome";

  EXPECT_EQ(calls_.begin(first->leased[0].claim, kStart + 30s).error().code, base::ErrorCode::not_found);
  EXPECT_EQ(calls_.release(first->leased[0].claim, kStart), false);
  EXPECT_FALSE(calls_.finish(finish_of(first->leased[0], 1, delivered(), Done{}, kStart + 30s))->applied);
  EXPECT_EQ(calls_.history("n1")->deliveries[0].state, model::DeliveryState::in_flight);

  ASSERT_EQ(calls_.begin(second->leased[0].claim, kStart + 30s, true), 2);
  EXPECT_TRUE(calls_.finish(finish_of(second->leased[0], 2, delivered(), Done{}, kStart + 30s))->applied);
  const auto history = calls_.history("n1");
  EXPECT_TRUE(history->deliveries[0].possible_duplicate);
  ASSERT_EQ(history->attempts.size(), 2);
  EXPECT_FALSE(history->attempts[0].outcome);
  EXPECT_EQ(history->attempts[1].outcome, delivered());
}

TEST_P(StoreTest, ALeaseMayBeginTheAttempts) {
  for (const std::string id : {"n1", "n2"}) ASSERT_TRUE(calls_.accept(simple(id, id)));
  const auto lease = calls_.lease_and_begin(kStart);
  ASSERT_EQ(lease->leased.size(), 2);
  for (const auto& leased : lease->leased) {
    EXPECT_EQ(leased.attempt, 1);
    EXPECT_EQ(leased.delivery.attempts, 1);
    EXPECT_FALSE(leased.in_doubt);
  }
  EXPECT_TRUE(calls_.finish(finish_of(lease->leased[0], 1, delivered(), Done{}, kStart))->applied);
  const auto history = calls_.history("n1");
  ASSERT_EQ(history->attempts.size(), 1);
  EXPECT_EQ(history->attempts[0].started_at, kStart);
  EXPECT_EQ(history->attempts[0].outcome, delivered());
}

TEST_P(StoreTest, ALeaseBeginsNothingThatIsInDoubt) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_EQ(calls_.lease_and_begin(kStart)->leased.size(), 1);
  const auto again = calls_.lease_and_begin(kStart + 30s);
  ASSERT_EQ(again->leased.size(), 1);
  EXPECT_TRUE(again->leased[0].in_doubt) << "the first attempt may have arrived";
  EXPECT_EQ(again->leased[0].attempt, 0);
  EXPECT_EQ(calls_.begin(again->leased[0].claim, kStart + 30s, true), 2);
}

TEST_P(StoreTest, ALeaseBeginsNothingThatHasExpired) {
  auto short_lived = planned("d1");
  short_lived.delivery.expires_at = kStart + 10s;
  ASSERT_TRUE(calls_.accept(acceptance("n1", {short_lived})));
  const auto lease = calls_.lease_and_begin(kStart + 10s);
  ASSERT_EQ(lease->leased.size(), 1);
  EXPECT_EQ(lease->leased[0].attempt, 0);
  EXPECT_THAT(calls_.history("n1")->attempts, IsEmpty());
}

TEST_P(StoreTest, AnAttemptThatWasNotSentNeverBegan) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  const auto first = calls_.lease_and_begin(kStart);
  ASSERT_EQ(first->leased.size(), 1);
  EXPECT_EQ(calls_.release(first->leased[0].claim, kStart, 2).error().code, base::ErrorCode::invalid);
  EXPECT_EQ(calls_.release(first->leased[0].claim, kStart + 1s, first->leased[0].attempt), true);
  EXPECT_THAT(calls_.history("n1")->attempts, IsEmpty());
  const auto second = calls_.lease_and_begin(kStart + 1s);
  ASSERT_EQ(second->leased.size(), 1);
  EXPECT_FALSE(second->leased[0].in_doubt);
  EXPECT_EQ(second->leased[0].attempt, 1);
  EXPECT_FALSE(calls_.history("n1")->deliveries[0].possible_duplicate);
}

TEST_P(StoreTest, ReleasingWithoutAnAttemptKeepsTheDoubt) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_EQ(calls_.lease_and_begin(kStart)->leased.size(), 1);
  const auto second = calls_.lease_and_begin(kStart + 30s);
  ASSERT_EQ(calls_.release(second->leased[0].claim, kStart + 31s), true);
  EXPECT_TRUE(calls_.lease_and_begin(kStart + 31s)->leased[0].in_doubt);
}

TEST_P(StoreTest, BeginIsRefusedAfterTheLeaseEnded) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  const auto lease = calls_.lease(kStart);
  EXPECT_EQ(calls_.begin(lease->leased[0].claim, kStart + 30s).error().code, base::ErrorCode::not_found);
}

TEST_P(StoreTest, FinishCountsAfterTheLeaseEndedUntilAnotherTookOver) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  const auto lease = calls_.lease(kStart);
  ASSERT_EQ(calls_.begin(lease->leased[0].claim, kStart), 1);
  EXPECT_TRUE(calls_.finish(finish_of(lease->leased[0], 1, delivered(), Done{}, kStart + 1h))->applied);
  EXPECT_THAT(calls_.lease(kStart + 1h)->leased, IsEmpty());
}

TEST_P(StoreTest, GarbageClaimsAreLost) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_EQ(calls_.lease(kStart)->leased.size(), 1);
  for (const std::string claim : {"", "1", "1.", "x.1", "1.99", "99999999999999999999.1", "-1.1", "1.1x"}) {
    EXPECT_EQ(calls_.begin(claim, kStart).error().code, base::ErrorCode::not_found) << claim;
    EXPECT_EQ(calls_.release(claim, kStart), false) << claim;
  }
}

TEST_P(StoreTest, ReleaseGivesBackUntried) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(calls_.accept(simple("n2")));
  auto lease = calls_.lease(kStart);
  EXPECT_EQ(calls_.release(lease->leased[0].claim, kStart), true);
  lease = calls_.lease(kStart);
  EXPECT_THAT(ids(*lease), ElementsAre("d-n1"));
  EXPECT_FALSE(lease->leased[0].in_doubt);
  EXPECT_EQ(calls_.release(lease->leased[0].claim, kStart + 1min), true);
  EXPECT_THAT(calls_.lease(kStart + 1min - 1ms)->leased, IsEmpty());
  lease = calls_.lease(kStart + 1min);
  EXPECT_THAT(ids(*lease), ElementsAre("d-n1"));
  EXPECT_EQ(lease->leased[0].delivery.attempts, 0);
}

TEST_P(StoreTest, ReleaseDoesNotEndAPause) {
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  const auto lease = calls_.lease(kStart);
  ASSERT_TRUE(calls_.pause("direct:a", kStart + 1min));
  ASSERT_EQ(calls_.release(lease->leased[0].claim, kStart), true);
  EXPECT_THAT(calls_.lease(kStart)->leased, IsEmpty());
  EXPECT_EQ(ids(*calls_.lease(kStart + 1min)).size(), 1);
}

// ---- at most one delivery of a queue is in flight, whichever it is

// A delivery that joins at +1000 ms was accepted before a plain one, which is leased from +500 ms to +30500 ms.
Leased one_beside_a_held_one(Calls& calls) {
  auto held = planned("d-held", "a");
  held.delivery.due_at = kStart + 1s;
  held.delivery.expires_at = kStart + 5s;
  EXPECT_TRUE(calls.accept(acceptance("n1", {held})));
  EXPECT_TRUE(calls.accept(simple("n2", "a")));
  auto lease = calls.lease(kStart + 500ms);
  EXPECT_THAT(ids(*lease), ElementsAre("d-n2"));
  return lease->leased.at(0);
}

TEST_P(StoreTest, WhatJoinsWaitsForTheHolder) {
  const auto plain = one_beside_a_held_one(calls_);
  const auto beside = calls_.lease(kStart + 1s);
  EXPECT_THAT(beside->leased, IsEmpty());
  EXPECT_EQ(beside->next_ready, kStart + 30500ms) << "when the lease of the holder ends";
  const auto attempt = calls_.begin(plain.claim, kStart + 2s);
  ASSERT_TRUE(calls_.finish(finish_of(plain, *attempt, delivered(), Done{}, kStart + 2s))->applied);
  EXPECT_THAT(ids(*calls_.lease(kStart + 2s)), ElementsAre("d-held"));
}

TEST_P(StoreTest, WhatJoinsWaitsUntilTheLeaseRunsOut) {
  const auto plain = one_beside_a_held_one(calls_);
  EXPECT_THAT(calls_.lease(kStart + 30499ms)->leased, IsEmpty());
  EXPECT_THAT(ids(*calls_.lease(kStart + 30500ms)), ElementsAre("d-held"));
  EXPECT_THAT(calls_.lease(kStart + 31s)->leased, IsEmpty()) << "now it is the holder";
}

TEST_P(StoreTest, WhatHasExpiredWaitsForTheHolder) {
  const auto plain = one_beside_a_held_one(calls_);
  EXPECT_THAT(calls_.lease_expired(kStart + 6s)->leased, IsEmpty());
  ASSERT_EQ(calls_.release(plain.claim, kStart + 1min), true);
  const auto expired = calls_.lease_expired(kStart + 6s);
  ASSERT_THAT(ids(*expired), ElementsAre("d-held"));
  EXPECT_THAT(calls_.lease(kStart + 35s)->leased, IsEmpty());
  const auto gone = finish_of(expired->leased[0], 0, failed(), DeadLetter{model::DeliveryState::expired}, kStart + 35s);
  ASSERT_TRUE(calls_.finish(gone)->applied);
  EXPECT_THAT(ids(*calls_.lease(kStart + 1min)), ElementsAre("d-n2"));
}

TEST_P(StoreTest, WakeAndRetryLeaveTheQueueToItsHolder) {
  const auto plain = one_beside_a_held_one(calls_);
  EXPECT_THAT(calls_.discard({"d-held"}, kStart + 1s)->changed, ElementsAre("d-held"));
  EXPECT_THAT(calls_.retry({"d-held"}, kStart + 1s)->changed, ElementsAre("d-held"));
  EXPECT_EQ(calls_.end_backoff(kStart + 2s), 0);
  EXPECT_THAT(calls_.lease(kStart + 2s)->leased, IsEmpty());
}

TEST_P(StoreTest, AReleasedOneLeavesTheQueueToItsHead) {
  const auto plain = one_beside_a_held_one(calls_);
  ASSERT_EQ(calls_.release(plain.claim, kStart + 10s), true);
  EXPECT_THAT(ids(*calls_.lease(kStart + 1s)), ElementsAre("d-held"));
}

TEST_P(StoreTest, ALateAnswerFreesTheQueue) {
  const auto plain = one_beside_a_held_one(calls_);
  ASSERT_EQ(calls_.begin(plain.claim, kStart + 1s), 1);
  ASSERT_EQ(calls_.finish_late("d-n2", 1, delivered(), kStart + 2s), LateResult::settled);
  EXPECT_THAT(ids(*calls_.lease(kStart + 2s)), ElementsAre("d-held"));
}

TEST_P(StoreTest, ManyExpiredOfOneQueueDoNotHideOthers) {
  for (int i = 0; i < 150; ++i) {
    auto one = planned("d" + std::to_string(i), i < 149 ? "a" : "b");
    one.delivery.expires_at = kStart + std::chrono::milliseconds(i);
    ASSERT_TRUE(calls_.accept(acceptance("n" + std::to_string(i), {one})));
  }
  EXPECT_THAT(ids(*calls_.lease_expired(kStart + 1s, 100)), ElementsAre("d0", "d149")) << "one per queue";
  EXPECT_THAT(calls_.lease_expired(kStart + 1s, 100)->leased, IsEmpty());
}

TEST_P(StoreTest, ExpiredOnesAreLeasedWhereverTheyAre) {
  auto short_lived = planned("d2", "a");
  short_lived.delivery.expires_at = kStart + 10s;
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  ASSERT_TRUE(calls_.accept(acceptance("n2", {short_lived})));
  ASSERT_TRUE(calls_.accept(simple("n3", "a")));
  ASSERT_TRUE(deliver(kStart, failed(), RetryAt{kStart + 1h}));

  const auto none = calls_.lease_expired(kStart + 10s - 1ms);
  EXPECT_THAT(none->leased, IsEmpty());
  EXPECT_EQ(none->next_ready, kStart + 10s);
  const auto lease = calls_.lease_expired(kStart + 10s);
  ASSERT_THAT(ids(*lease), ElementsAre("d2")) << "behind a head in back-off";
  EXPECT_EQ(lease->leased[0].items[0].id, "n2");
  EXPECT_THAT(calls_.lease_expired(kStart + 10s)->leased, IsEmpty()) << "left to its holder";
  EXPECT_THAT(ids(*calls_.lease_expired(kStart + 40s)), ElementsAre("d2")) << "until that lease ends";
  const auto finish = finish_of(lease->leased[0], 0, failed("max_age"), DeadLetter{model::DeliveryState::expired}, kStart + 41s);
  EXPECT_FALSE(calls_.finish(finish)->applied) << "the second lease has taken over";
}

TEST_P(StoreTest, ExpiredOneInFlightIsLeftToItsHolder) {
  auto short_lived = planned("d1");
  short_lived.delivery.expires_at = kStart + 10s;
  ASSERT_TRUE(calls_.accept(acceptance("n1", {short_lived})));
  const auto lease = calls_.lease(kStart);
  ASSERT_EQ(lease->leased.size(), 1);
  EXPECT_THAT(calls_.lease_expired(kStart + 11s)->leased, IsEmpty());
  EXPECT_THAT(calls_.lease(kStart + 11s)->leased, IsEmpty());
  EXPECT_THAT(ids(*calls_.lease_expired(kStart + 31s)), ElementsAre("d1")) << "the lease ended";
  EXPECT_THAT(calls_.lease(kStart + 31s)->leased, IsEmpty()) << "it has no other holder meanwhile";
}

TEST_P(StoreTest, ExpiredInDoubtSaysSo) {
  auto short_lived = planned("d1");
  short_lived.delivery.expires_at = kStart + 10s;
  ASSERT_TRUE(calls_.accept(acceptance("n1", {short_lived})));
  ASSERT_EQ(calls_.begin(calls_.lease(kStart)->leased[0].claim, kStart), 1);
  const auto expired = calls_.lease_expired(kStart + 1min);
  ASSERT_EQ(expired->leased.size(), 1);
  EXPECT_TRUE(expired->leased[0].in_doubt);
  ASSERT_TRUE(calls_.finish(finish_of(expired->leased[0], 0, delivered(), Done{}, kStart + 1min))->applied) << "found by reconciliation";
  const auto history = calls_.history("n1");
  EXPECT_EQ(history->deliveries[0].state, model::DeliveryState::delivered);
  EXPECT_EQ(history->deliveries[0].receipt, delivered().receipt);
}

TEST_P(StoreTest, OldestExpiredFirstAndNoMoreThanAsked) {
  std::vector<PlannedDelivery> many;
  for (int i = 0; i < 5; ++i) {
    many.push_back(planned("d" + std::to_string(i), "a" + std::to_string(i)));
    many.back().delivery.expires_at = kStart + std::chrono::seconds(10 - i);
  }
  ASSERT_TRUE(calls_.accept(acceptance("n1", many)));
  EXPECT_THAT(ids(*calls_.lease_expired(kStart + 1min, 2)), ElementsAre("d4", "d3"));
  EXPECT_THAT(ids(*calls_.lease_expired(kStart + 1min, 10)), UnorderedElementsAre("d0", "d1", "d2"));
}

TEST_P(StoreTest, WakeEndsBackoffButNoPauseAndNoHold) {
  auto held = planned("d-held", "h");
  held.delivery.due_at = kStart + 1h;
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  ASSERT_TRUE(deliver(kStart, failed(), RetryAt{kStart + 1h}));
  ASSERT_TRUE(calls_.accept(simple("n2", "b")));
  ASSERT_TRUE(deliver(kStart, failed(), RetryAt{kStart + 1h}));
  ASSERT_TRUE(calls_.pause("direct:b", kStart + 30min));
  ASSERT_TRUE(calls_.accept(acceptance("n3", {held})));
  ASSERT_TRUE(calls_.accept(acceptance("n4", {planned("d-mail", "a", kStart, "mail")})));

  EXPECT_EQ(calls_.end_backoff(kStart + 1s), 2);
  EXPECT_THAT(ids(*calls_.lease(kStart + 1s)), ElementsAre("d-n1"));
  EXPECT_THAT(ids(*calls_.lease(kStart + 30min, 10, "slack", 2h)), UnorderedElementsAre("d-n1", "d-n2"));
  EXPECT_EQ(calls_.end_backoff(kStart + 30min), 0);
  EXPECT_THAT(ids(*calls_.lease(kStart + 1h)), ElementsAre("d-held"));
}

}  // namespace
}  // namespace belfry::store
