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
  const auto changed = calls_.retry({"d-n1", "d-n1", "d-unknown", "d-unknown"}, kStart + 48h, 2h);
  EXPECT_THAT(changed->changed, ElementsAre("d-n1"));
  EXPECT_THAT(changed->unchanged, ElementsAre(Unchanged{"d-unknown", "does not exist"}));
  EXPECT_THAT(changed->sinks, ElementsAre("slack"));
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
  EXPECT_EQ(history->decisions[2].detail, "by alice");
}

TEST_P(StoreTest, UnfinishedOneIsNotRetried) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  EXPECT_THAT(calls_.retry({"d-n1"}, kStart)->unchanged, ElementsAre(Unchanged{"d-n1", "is waiting already"}));
  ASSERT_EQ(calls_.lease(kStart)->leased.size(), 1);
  EXPECT_THAT(calls_.retry({"d-n1"}, kStart)->unchanged, ElementsAre(Unchanged{"d-n1", "is in flight"}));
  EXPECT_THAT(whats(*calls_.history("n1")), ElementsAre("received"));
  EXPECT_THAT(*calls_.list_audit(), IsEmpty()) << "nothing was changed";
}

TEST_P(StoreTest, DeliveredOneSentAgainIsAPossibleDuplicate) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));
  EXPECT_THAT(calls_.retry({"d-n1"}, kStart)->changed, ElementsAre("d-n1"));
  ASSERT_TRUE(deliver(kStart + 1h, delivered(), Done{}));
  const auto history = calls_.history("n1");
  EXPECT_TRUE(history->deliveries.at(0).possible_duplicate);
  EXPECT_THAT(whats(*history), ElementsAre("received", "delivered", "retried", "delivered")) << "each delivery is recorded";
  EXPECT_THAT(history->decisions[1].detail, HasSubstr("attempt 1"));
  EXPECT_THAT(history->decisions[3].detail, HasSubstr("attempt 2"));
}

Acceptance dropped(const std::string& id) {
  auto input = acceptance(id, {});
  input.dropped = true;
  input.decisions.push_back({.at = kStart, .notification_id = id, .event = "dropped", .detail = "processor \"noise\": too noisy"});
  return input;
}

// As present rules route it.
Acceptance routed(const std::string& id, const std::string& delivery) {
  auto plan = acceptance(id, {planned(delivery, "bobby@coder.com", kStart + 1h)});
  plan.notification.title = "new title of " + id;
  plan.decisions = {{.at = kStart + 1h, .notification_id = id, .event = "routed", .detail = "route \"everyone\" chose slack"}};
  return plan;
}

TEST_P(StoreTest, DroppedOneIsRoutedAgainOnce) {
  ASSERT_TRUE(calls_.accept(dropped("n1")));
  const auto changed = calls_.reroute(routed("n1", "d1"), kStart + 1h, "Bobby needs it");
  EXPECT_THAT(changed->changed, ElementsAre("d1"));
  EXPECT_THAT(changed->unchanged, IsEmpty());
  EXPECT_THAT(changed->sinks, ElementsAre("slack"));
  const auto again = calls_.reroute(routed("n1", "d2"), kStart + 2h);
  EXPECT_THAT(again->changed, IsEmpty());
  EXPECT_THAT(again->unchanged, ElementsAre(Unchanged{"n1", "has been routed meanwhile"}));

  const auto history = calls_.history("n1");
  EXPECT_THAT(whats(*history), ElementsAre("received", "dropped", "rerouted", "routed"));
  EXPECT_EQ(history->decisions[2].detail, "by alice: Bobby needs it");
  EXPECT_EQ(history->notification.title, "new title of n1");
  ASSERT_EQ(history->deliveries.size(), 1);
  const auto actions = calls_.list_audit();
  ASSERT_EQ(actions->size(), 1);
  EXPECT_EQ(actions->at(0).action, "retry");
  EXPECT_EQ(actions->at(0).subject, "notification n1 to slack");
  EXPECT_EQ(actions->at(0).deliveries, 1);
  EXPECT_EQ(calls_.stats(kStart + 1h)->sinks.at("slack").waiting, 1);
  const auto lease = calls_.lease(kStart + 1h);
  ASSERT_EQ(lease->leased.size(), 1);
  EXPECT_EQ(lease->leased[0].items.at(0).title, "new title of n1");
}

TEST_P(StoreTest, OneThatIsRoutedAgainStaysUntilItsDeliveryHasEnded) {
  ASSERT_TRUE(calls_.accept(acceptance("n1", {})));
  EXPECT_EQ(calls_.stats(kStart)->unrouted, 1);
  ASSERT_TRUE(calls_.reroute(routed("n1", "d1"), kStart + 1h));
  EXPECT_EQ(calls_.stats(kStart)->unrouted, 0);
  EXPECT_EQ(calls_.sweep(kStart + 48h)->removed, 0);
  ASSERT_TRUE(deliver(kStart + 1h, delivered(), Done{}));
  EXPECT_GT(calls_.sweep(kStart + 480h)->removed, 0);
  EXPECT_FALSE(calls_.history("n1"));
}

TEST_P(StoreTest, DedupeDoesNotApplyToOneThatIsRoutedAgain) {
  const auto repeated = [](const std::string& id, base::Timestamp now) {
    auto input = acceptance(id, {planned("d-" + id, "bobby@coder.com", now)});
    input.deliveries[0].dedupe = DedupeKey{.key = "same", .window = 24h};
    return input;
  };
  ASSERT_TRUE(calls_.accept(repeated("n1", kStart)));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));
  ASSERT_TRUE(calls_.accept(repeated("n2", kStart)));
  EXPECT_THAT(calls_.history("n2")->deliveries, IsEmpty());
  EXPECT_THAT(calls_.reroute(repeated("n2", kStart + 1h), kStart + 1h)->changed, ElementsAre("d-n2"));
  EXPECT_THAT(ids(*calls_.lease(kStart + 1h)), ElementsAre("d-n2"));
}

TEST_P(StoreTest, OneThatIsRoutedAgainMayJoinADigest) {
  auto first = simple("n1");
  first.deliveries[0].digest = DigestKey{.key = "k", .due_at = kStart + 4h};
  ASSERT_TRUE(calls_.accept(first));
  ASSERT_TRUE(calls_.accept(dropped("n2")));
  auto plan = routed("n2", "d2");
  plan.deliveries[0].digest = DigestKey{.key = "k", .due_at = kStart + 4h};
  EXPECT_THAT(calls_.reroute(plan, kStart + 1h)->changed, ElementsAre("d-n1"));
  EXPECT_EQ(calls_.lease(kStart + 4h)->leased.at(0).items.size(), 2);
  EXPECT_THAT(calls_.reroute(plan, kStart + 1h)->changed, IsEmpty());
}

TEST_P(StoreTest, WhatCannotBeRoutedAgainIsLeftUnchanged) {
  auto secret = acceptance("n1", {});
  secret.notification.sensitive = true;
  ASSERT_TRUE(calls_.accept(secret));
  ASSERT_TRUE(calls_.accept(dropped("n2")));
  EXPECT_THAT(calls_.reroute(routed("n1", "d1"), kStart)->unchanged, ElementsAre(Unchanged{"n1", "its sensitive text was erased"}));
  EXPECT_THAT(calls_.reroute(routed("n3", "d1"), kStart)->unchanged, ElementsAre(Unchanged{"n3", "does not exist"}));
  EXPECT_EQ(calls_.reroute(dropped("n2"), kStart).error().code, base::ErrorCode::invalid);
  EXPECT_THAT(whats(*calls_.history("n2")), ElementsAre("received", "dropped"));
  EXPECT_THAT(*calls_.list_audit(), IsEmpty());
}

TEST_P(StoreTest, OneThatTheRulesNowCallSensitiveLosesItsTextInTheEnd) {
  ASSERT_TRUE(calls_.accept(dropped("n1")));
  auto plan = routed("n1", "d1");
  plan.notification.sensitive = plan.deliveries[0].delivery.sensitive = true;
  ASSERT_TRUE(calls_.reroute(plan, kStart + 1h));
  ASSERT_TRUE(deliver(kStart + 1h, delivered(), Done{}));
  EXPECT_THAT(calls_.history("n1")->notification.title, IsEmpty());
}

TEST_P(StoreTest, OneErasedTextLeavesTheOthersToBeRetried) {
  auto secret = simple("n1", "a");
  secret.notification.sensitive = true;
  ASSERT_TRUE(calls_.accept(secret));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  ASSERT_TRUE(calls_.accept(simple("n2", "b")));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  const auto changed = calls_.retry({"d-n1", "d-n2"}, kStart);
  EXPECT_THAT(changed->changed, ElementsAre("d-n2"));
  EXPECT_THAT(changed->unchanged, ElementsAre(Unchanged{"d-n1", "its sensitive text was erased"}));
  EXPECT_THAT(ids(*calls_.lease(kStart)), ElementsAre("d-n2"));
  EXPECT_THAT(whats(*calls_.history("n1")), ElementsAre("received", "rejected"));
}

TEST_P(StoreTest, DeliveryToASinkThatIsNotConfiguredIsNotRetried) {
  ASSERT_TRUE(calls_.accept(acceptance("n1", {planned("d1", "a", kStart, "teams")})));
  const auto lease = calls_.lease(kStart, 1, "teams");
  ASSERT_TRUE(calls_.finish(finish_of(lease->leased.at(0), 0, failed(), DeadLetter{DeliveryState::rejected}, kStart)));
  EXPECT_THAT(calls_.retry({"d1"}, kStart)->unchanged, ElementsAre(Unchanged{"d1", "goes to sink teams, which is not configured"}));
  EXPECT_THAT(calls_.discard({"d1"}, kStart)->changed, ElementsAre("d1"));
}

TEST_P(StoreTest, EachSinkHasItsOwnMaxAge) {
  ASSERT_TRUE(calls_.accept(acceptance("n1", {planned("d1"), planned("d2", "b", kStart, "mail")})));
  for (const std::string sink : {"slack", "mail"}) {
    const auto lease = calls_.lease(kStart, 1, sink);
    ASSERT_TRUE(calls_.finish(finish_of(lease->leased.at(0), 0, failed(), DeadLetter{DeliveryState::expired}, kStart)));
  }
  const auto changed = answer<Changed>([&](auto handler) {
    store_->retry({"d2", "d1"}, {"bob", "Slack is back"}, kStart, {{{"slack", 1h}, {"mail", 2h}}}, std::move(handler));
  });
  EXPECT_THAT(changed->changed, ElementsAre("d2", "d1"));
  EXPECT_THAT(changed->sinks, ElementsAre("mail", "slack"));
  const auto history = calls_.history("n1");
  EXPECT_EQ(history->deliveries.at(0).expires_at, kStart + 1h);
  EXPECT_EQ(history->deliveries.at(1).expires_at, kStart + 2h);
  EXPECT_EQ(history->decisions.back().detail, "by bob: Slack is back");
}

TEST_P(StoreTest, RetriedDigestBringsItsMembers) {
  for (const std::string id : {"n1", "n2"}) {
    auto one = planned("d-" + id);
    one.digest = DigestKey{"k", kStart + 1h};
    ASSERT_TRUE(calls_.accept(acceptance(id, {one})));
  }
  ASSERT_TRUE(deliver(kStart + 1h, failed(), DeadLetter{DeliveryState::rejected}));
  EXPECT_THAT(calls_.retry({"d-n1"}, kStart + 2h)->changed, ElementsAre("d-n1"));
  EXPECT_EQ(calls_.lease(kStart + 2h)->leased.at(0).items.size(), 2);
  EXPECT_EQ(calls_.sweep(kStart + 48h)->removed, 0) << "its notifications are unfinished again";
}

TEST_P(StoreTest, DiscardEndsWhatIsNotInFlight) {
  ASSERT_TRUE(calls_.accept(simple("n1", "a")));
  ASSERT_TRUE(calls_.accept(simple("n2", "b")));
  ASSERT_TRUE(calls_.accept(simple("n3", "b")));
  ASSERT_TRUE(calls_.accept(simple("n4", "b")));
  ASSERT_EQ(calls_.lease(kStart, 1)->leased.size(), 1);
  const auto changed = calls_.discard({"d-n1", "d-n2", "d-n3", "d-n2", "d-unknown"}, kStart, "sent by hand");
  EXPECT_THAT(changed->changed, ElementsAre("d-n2", "d-n3"));
  EXPECT_THAT(changed->unchanged, ElementsAre(Unchanged{"d-n1", "is in flight"}, Unchanged{"d-unknown", "does not exist"}));
  EXPECT_THAT(changed->sinks, ElementsAre("slack")) << "d-n4 is ready";
  EXPECT_THAT(ids(*calls_.lease(kStart)), ElementsAre("d-n4"));
  const auto history = calls_.history("n2");
  EXPECT_EQ(history->deliveries[0].state, DeliveryState::discarded);
  EXPECT_FALSE(history->deliveries[0].dead_letter);
  EXPECT_THAT(whats(*history), ElementsAre("received", "discarded"));
  EXPECT_EQ(history->decisions[1].detail, "by alice: sent by hand");
  EXPECT_THAT(calls_.discard({"d-n1"}, kStart + 30s)->changed, ElementsAre("d-n1")) << "its lease has ended";
}

TEST_P(StoreTest, DiscardEndsDeadLettersButNotTheDelivered) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  ASSERT_TRUE(calls_.accept(simple("n2")));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));
  const auto changed = calls_.discard({"d-n1", "d-n2"}, kStart);
  EXPECT_THAT(changed->changed, ElementsAre("d-n1"));
  EXPECT_THAT(changed->unchanged, ElementsAre(Unchanged{"d-n2", "was delivered"}));
  EXPECT_THAT(changed->sinks, IsEmpty()) << "no queue has changed";
  EXPECT_THAT(calls_.discard({"d-n1"}, kStart)->unchanged, ElementsAre(Unchanged{"d-n1", "is discarded already"}));
  EXPECT_EQ(calls_.stats(kStart)->sinks["slack"].dead_letters, 0);
  EXPECT_THAT(calls_.retry({"d-n1"}, kStart)->changed, ElementsAre("d-n1")) << "an administrator may change their mind";
}

TEST_P(StoreTest, AThousandIdsInOneCall) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1'000; ++i) {
    const auto id = std::to_string(i);
    ids.push_back("d-" + id);
    if (i % 2 == 0) store_->accept(simple(id, "a" + id), [](const auto& accepted) { EXPECT_TRUE(accepted); });
  }
  const auto lease = calls_.lease(kStart, 1'000);
  ASSERT_EQ(lease->leased.size(), 500);
  for (const auto& leased : lease->leased) {
    store_->finish(finish_of(leased, 0, failed(), DeadLetter{DeliveryState::expired}, kStart),
                   [](const auto& finished) { EXPECT_TRUE(finished->applied); });
  }
  const auto changed = calls_.retry(ids, kStart + 1h);
  EXPECT_EQ(changed->changed.size(), 500);
  EXPECT_EQ(changed->unchanged.size(), 500);
  EXPECT_EQ(calls_.stats(kStart + 1h)->sinks.at("slack").waiting, 500);
  EXPECT_EQ(calls_.list_audit()->at(0).subject, "500 deliveries of slack");
}

// Both succeed: the second finds nothing left to do.
TEST_P(StoreTest, TwoOperatorsAtOnceChangeADeliveryOnce) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  std::vector<std::promise<Changed>> done(2);
  for (std::size_t i = 0; i < done.size(); ++i) {
    store_->retry({"d-n1"}, {.name = i == 0 ? "ada" : "bob", .reason = ""}, kStart, {{{"slack", 1h}}},
                  [&done, i](base::Result<Changed> changed) { done[i].set_value(std::move(*changed)); });
  }
  EXPECT_THAT(done[0].get_future().get().changed, ElementsAre("d-n1"));
  EXPECT_THAT(done[1].get_future().get().unchanged, ElementsAre(Unchanged{"d-n1", "is waiting already"}));
  EXPECT_EQ(calls_.list_audit()->size(), 1);
  EXPECT_EQ(calls_.history("n1")->decisions.back().detail, "by ada");
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
