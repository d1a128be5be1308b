#include <gmock/gmock.h>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using model::DeliveryState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

model::Delivery fallback(const std::string& id, const std::string& sink = "mail", const std::string& address = "bobby@coder.com") {
  return planned(id, address, kStart, sink).delivery;
}

model::Outcome rejected() { return {.code = model::OutcomeCode::rejected, .reason = "user_not_found", .detail = "no such user"}; }

TEST_P(StoreTest, DeliveredOneIsDone) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  EXPECT_TRUE(deliver(kStart + 1s, delivered(), Done{})->applied);
  const auto history = calls_.history("n1");
  const auto& delivery = history->deliveries.at(0);
  EXPECT_EQ(delivery.state, DeliveryState::delivered);
  EXPECT_EQ(delivery.receipt, delivered().receipt);
  EXPECT_EQ(delivery.attempts, 1);
  EXPECT_EQ(delivery.finished_at, kStart + 1s);
  EXPECT_FALSE(delivery.dead_letter);
  const model::Attempt attempt{
      .delivery_id = "d-n1", .number = 1, .started_at = kStart + 1s, .finished_at = kStart + 1s, .outcome = delivered()};
  EXPECT_THAT(history->attempts, ElementsAre(attempt));
  EXPECT_THAT(whats(*history), ElementsAre("received", "delivered"));
}

TEST_P(StoreTest, FinishTwiceAppliesOnce) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  const auto lease = calls_.lease(kStart);
  ASSERT_EQ(calls_.begin(lease->leased[0].claim, kStart), 1);
  const auto finish = finish_of(lease->leased[0], 1, delivered(), Done{}, kStart);
  EXPECT_TRUE(calls_.finish(finish)->applied);
  EXPECT_FALSE(calls_.finish(finish)->applied);
  EXPECT_EQ(calls_.begin(lease->leased[0].claim, kStart).error().code, base::ErrorCode::not_found);
}

TEST_P(StoreTest, RetryCountsFailuresAndAttempts) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, failed("http_500"), RetryAt{kStart + 1s}));
  ASSERT_TRUE(deliver(kStart + 1s, failed("ratelimited"), RetryAt{.at = kStart + 2s, .counts_as_failure = false}));
  ASSERT_TRUE(deliver(kStart + 2s, failed("timeout"), RetryAt{.at = kStart + 3s, .possible_duplicate = true}));
  const auto lease = calls_.lease(kStart + 3s);
  const auto& delivery = lease->leased.at(0).delivery;
  EXPECT_EQ(delivery.attempts, 3);
  EXPECT_EQ(delivery.failures, 2);
  EXPECT_EQ(delivery.last_reason, "timeout");
  EXPECT_TRUE(delivery.possible_duplicate);
  EXPECT_FALSE(lease->leased[0].in_doubt) << "each attempt has its outcome";
}

TEST_P(StoreTest, AnAttemptThatMayHaveArrivedComesBackInDoubtWithItsOutcome) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, failed("timeout"), RetryAt{.at = kStart + 1s, .in_doubt = true}));
  auto lease = calls_.lease_and_begin(kStart + 1s, 1, 20s);
  EXPECT_TRUE(lease->leased.at(0).in_doubt);
  EXPECT_EQ(lease->leased[0].attempt, 0U) << "the holder must look for the attempt first";
  EXPECT_FALSE(lease->leased[0].delivery.possible_duplicate);

  // The search is not possible now: the delivery remains in doubt.
  ASSERT_TRUE(calls_.finish(finish_of(lease->leased[0], 0, failed("rate_limited"), RetryAt{kStart + 2s, false}, kStart + 1s))->applied);
  lease = calls_.lease(kStart + 2s);
  EXPECT_TRUE(lease->leased.at(0).in_doubt);
  EXPECT_EQ(lease->leased[0].delivery.failures, 1U);
  ASSERT_EQ(calls_.begin(lease->leased[0].claim, kStart + 2s), 2);
  ASSERT_TRUE(calls_.finish(finish_of(lease->leased[0], 2, delivered(), Done{}, kStart + 2s))->applied);
  const auto attempts = calls_.history("n1")->attempts;
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[0].outcome, failed("timeout"));
  EXPECT_EQ(attempts[1].outcome, delivered());
}

TEST_P(StoreTest, AnAttemptInDoubtIsListedOnceAndMaySettleLate) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, failed("timeout"), RetryAt{.at = kStart + 1s, .in_doubt = true}));
  EXPECT_EQ(calls_.history("n1")->attempts.size(), 1U);
  EXPECT_EQ(calls_.finish_late("d-n1", 1, delivered(), kStart + 1s), LateResult::settled);
  EXPECT_EQ(calls_.history("n1")->deliveries[0].state, DeliveryState::delivered);
}

TEST_P(StoreTest, DeadLetterWaitsForAPerson) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(calls_.accept(simple("n2")));
  ASSERT_TRUE(deliver(kStart, rejected(), DeadLetter{DeliveryState::rejected})->applied);
  const auto history = calls_.history("n1");
  EXPECT_EQ(history->deliveries[0].state, DeliveryState::rejected);
  EXPECT_TRUE(history->deliveries[0].dead_letter);
  EXPECT_EQ(history->deliveries[0].last_detail, "no such user");
  EXPECT_THAT(whats(*history), ElementsAre("received", "rejected"));
  EXPECT_THAT(history->decisions[1].detail, HasSubstr("user_not_found: no such user"));
  EXPECT_THAT(ids(*calls_.lease(kStart)), ElementsAre("d-n2")) << "the queue continues";
}

TEST_P(StoreTest, ExpiredBeforeItWasTried) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  const auto lease = calls_.lease(kStart + 25h);
  ASSERT_TRUE(calls_.finish(finish_of(lease->leased[0], 0, failed("max_age"), DeadLetter{DeliveryState::expired}, kStart + 25h))->applied);
  const auto history = calls_.history("n1");
  EXPECT_EQ(history->deliveries[0].state, DeliveryState::expired);
  EXPECT_EQ(history->deliveries[0].last_reason, "max_age");
  EXPECT_THAT(history->attempts, IsEmpty());
}

TEST_P(StoreTest, WrongFinishesChangeNothing) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  const auto lease = calls_.lease(kStart);
  ASSERT_EQ(calls_.begin(lease->leased[0].claim, kStart), 1);
  EXPECT_EQ(calls_.finish(finish_of(lease->leased[0], 2, delivered(), Done{}, kStart)).error().code, base::ErrorCode::invalid);
  EXPECT_EQ(calls_.finish(finish_of(lease->leased[0], 1, rejected(), DeadLetter{DeliveryState::delivered}, kStart)).error().code,
            base::ErrorCode::invalid);
  EXPECT_EQ(calls_.finish(finish_of(lease->leased[0], 1, rejected(), FallBack{DeliveryState::waiting, {}}, kStart)).error().code,
            base::ErrorCode::invalid);
  auto other = finish_of(lease->leased[0], 1, delivered(), Done{}, kStart);
  other.delivery_id = "d-n2";
  EXPECT_FALSE(calls_.finish(other)->applied);
  EXPECT_EQ(calls_.history("n1")->deliveries[0].state, DeliveryState::in_flight);
  EXPECT_TRUE(calls_.finish(finish_of(lease->leased[0], 1, delivered(), Done{}, kStart))->applied);
}

TEST_P(StoreTest, FallbackIsWrittenWithTheEnd) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  auto mail = fallback("d-mail");
  mail.possible_duplicate = true;
  const auto finished = deliver(kStart, rejected(), FallBack{DeliveryState::rejected, {mail}});
  EXPECT_THAT(finished->sinks, ElementsAre("mail"));
  const auto history = calls_.history("n1");
  ASSERT_EQ(history->deliveries.size(), 2);
  EXPECT_EQ(history->deliveries[0].state, DeliveryState::rejected);
  EXPECT_FALSE(history->deliveries[0].dead_letter) << "it has a fallback";
  EXPECT_EQ(history->deliveries[1].fallback_of, "d-n1");
  EXPECT_TRUE(history->deliveries[1].possible_duplicate);
  EXPECT_THAT(whats(*history), ElementsAre("received", "rejected", "fallback"));
  const auto lease = calls_.lease(kStart, 1, "mail");
  ASSERT_THAT(ids(*lease), ElementsAre("d-mail"));
  EXPECT_EQ(lease->leased[0].items.at(0), notification("n1"));
}

TEST_P(StoreTest, FallbackToAKnownTargetIsMerged) {
  ASSERT_TRUE(calls_.accept(acceptance("n1", {planned("d1"), planned("d2", "bobby@coder.com", kStart, "mail")})));
  const auto finished = deliver(kStart, rejected(), FallBack{DeliveryState::rejected, {fallback("d3")}});
  EXPECT_TRUE(finished->applied);
  EXPECT_THAT(finished->sinks, IsEmpty());
  const auto history = calls_.history("n1");
  EXPECT_EQ(history->deliveries.size(), 2);
  EXPECT_FALSE(history->deliveries[0].dead_letter);
  EXPECT_THAT(whats(*history), ElementsAre("received", "rejected", "merged"));
}

TEST_P(StoreTest, FallbackWithoutATargetIsADeadLetter) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, rejected(), FallBack{DeliveryState::expired, {}})->applied);
  EXPECT_TRUE(calls_.history("n1")->deliveries[0].dead_letter);
}

TEST_P(StoreTest, SeveralFallbacksNameEachSinkOnce) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  const FallBack next{DeliveryState::rejected, {fallback("f1"), fallback("f2", "mail", "ops@coder.com"), fallback("f3", "mail")}};
  EXPECT_THAT(deliver(kStart, rejected(), next)->sinks, ElementsAre("mail"));
  EXPECT_THAT(ids(*calls_.lease(kStart, 10, "mail")), ElementsAre("f1", "f2")) << "f3 has the target of f1";
}

// ---- late completions

TEST_P(StoreTest, LateDeliveredSettlesWhatWaits) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(calls_.accept(simple("n2")));
  ASSERT_TRUE(deliver(kStart, failed("timeout"), RetryAt{kStart + 1h}));
  EXPECT_EQ(calls_.finish_late("d-n1", 1, delivered(), kStart + 5s), LateResult::settled);
  const auto history = calls_.history("n1");
  EXPECT_EQ(history->deliveries[0].state, DeliveryState::delivered);
  EXPECT_EQ(history->deliveries[0].receipt, delivered().receipt);
  ASSERT_EQ(history->attempts.size(), 1);
  EXPECT_TRUE(history->attempts[0].late);
  EXPECT_EQ(history->attempts[0].outcome, delivered());
  EXPECT_THAT(ids(*calls_.lease(kStart + 5s)), ElementsAre("d-n2"));
}

TEST_P(StoreTest, LateDeliveredTakesALeaseThatHasNotBegun) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, failed("timeout"), RetryAt{kStart + 1s}));
  const auto lease = calls_.lease(kStart + 1s);
  EXPECT_EQ(calls_.finish_late("d-n1", 1, delivered(), kStart + 2s), LateResult::settled);
  EXPECT_EQ(calls_.begin(lease->leased.at(0).claim, kStart + 2s).error().code, base::ErrorCode::not_found);
}

TEST_P(StoreTest, LateDeliveredSettlesOneInDoubt) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_EQ(calls_.begin(calls_.lease(kStart)->leased.at(0).claim, kStart), 1);
  EXPECT_EQ(calls_.finish_late("d-n1", 1, delivered(), kStart + 1min), LateResult::settled);
  EXPECT_THAT(calls_.lease(kStart + 1min)->leased, IsEmpty());
}

TEST_P(StoreTest, LateDeliveredAfterANewerAttemptIsADuplicate) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, failed("timeout"), RetryAt{kStart + 1s}));
  const auto lease = calls_.lease(kStart + 1s);
  ASSERT_EQ(calls_.begin(lease->leased.at(0).claim, kStart + 1s), 2);
  EXPECT_EQ(calls_.finish_late("d-n1", 1, delivered(), kStart + 2s), LateResult::duplicate);
  EXPECT_TRUE(calls_.finish(finish_of(lease->leased[0], 2, delivered(), Done{}, kStart + 3s))->applied);
  const auto history = calls_.history("n1");
  EXPECT_TRUE(history->deliveries[0].possible_duplicate);
  EXPECT_TRUE(history->attempts[0].late);
  EXPECT_FALSE(history->attempts[1].late);
}

TEST_P(StoreTest, LateDeliveredAfterTheEndIsADuplicate) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, failed("timeout"), DeadLetter{DeliveryState::expired}));
  EXPECT_EQ(calls_.finish_late("d-n1", 1, delivered(), kStart + 2s), LateResult::duplicate);
  EXPECT_EQ(calls_.finish_late("d-n1", 1, delivered(), kStart + 3s), LateResult::ignored) << "it was reported before";
  const auto history = calls_.history("n1");
  EXPECT_EQ(history->deliveries[0].state, DeliveryState::expired);
  EXPECT_TRUE(history->deliveries[0].dead_letter);
  EXPECT_TRUE(history->deliveries[0].possible_duplicate);
}

TEST_P(StoreTest, OtherLateCompletionsAreIgnored) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  EXPECT_EQ(calls_.finish_late("d-n1", 1, delivered(), kStart), LateResult::ignored) << "no attempt was begun";
  ASSERT_TRUE(deliver(kStart, failed("timeout"), RetryAt{kStart + 1s}));
  EXPECT_EQ(calls_.finish_late("d-n1", 1, failed(), kStart), LateResult::ignored);
  EXPECT_EQ(calls_.finish_late("d-n1", 0, delivered(), kStart), LateResult::ignored);
  EXPECT_EQ(calls_.finish_late("d-n1", 2, delivered(), kStart), LateResult::ignored);
  EXPECT_EQ(calls_.finish_late("d-n9", 1, delivered(), kStart), LateResult::ignored);
  ASSERT_TRUE(deliver(kStart + 1s, delivered(), Done{}));
  EXPECT_EQ(calls_.finish_late("d-n1", 2, delivered(), kStart), LateResult::ignored) << "a second completion of the same attempt";
  EXPECT_FALSE(calls_.history("n1")->deliveries[0].possible_duplicate);
}

// ---- sensitive text

Acceptance sensitive(const std::string& id, std::vector<PlannedDelivery> deliveries) {
  auto input = acceptance(id, std::move(deliveries));
  input.notification.sensitive = true;
  input.notification.title_markdown = input.notification.body_markdown = "**12345**";
  input.notification.labels = {{"one_time_passcode", "12345"}};
  input.notification.data = {{"code", "12345"}};
  input.notification.actions = {{"Reset", "/reset?otp=12345"}};
  for (auto& one : input.deliveries) one.delivery.sensitive = true;
  return input;
}

TEST_P(StoreTest, SensitiveTextIsErasedWithTheLastDelivery) {
  const auto input = sensitive("n1", {planned("d1"), planned("d2", "bobby@coder.com", kStart, "mail")});
  ASSERT_TRUE(calls_.accept(input));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{})->applied);
  EXPECT_EQ(calls_.history("n1")->notification, input.notification) << "another delivery needs it";
  const auto lease = calls_.lease(kStart, 1, "mail");
  ASSERT_EQ(lease->leased.at(0).items.at(0), input.notification);
  ASSERT_TRUE(calls_.finish(finish_of(lease->leased[0], 0, failed("max_age"), DeadLetter{DeliveryState::expired}, kStart))->applied);
  const auto rest = calls_.history("n1")->notification;
  model::Notification expected{.id = "n1",
                               .source = "coder",
                               .msg_id = "msg-n1",
                               .received_at = kStart,
                               .name = "Workspace Created",
                               .recipient = input.notification.recipient,
                               .data = nullptr,
                               .sensitive = true};
  EXPECT_EQ(rest, expected);
  EXPECT_THAT(calls_.retry({"d2"}, kStart)->unchanged, ElementsAre(Unchanged{"d2", "its sensitive text was erased"}));
}

TEST_P(StoreTest, SensitiveTextLivesOnForAFallback) {
  const auto input = sensitive("n1", {planned("d1")});
  ASSERT_TRUE(calls_.accept(input));
  ASSERT_TRUE(deliver(kStart, rejected(), FallBack{DeliveryState::rejected, {fallback("f1")}})->applied);
  const auto lease = calls_.lease(kStart, 1, "mail");
  EXPECT_EQ(lease->leased.at(0).items.at(0), input.notification);
  EXPECT_EQ(calls_.release(lease->leased[0].claim, kStart), true);
  EXPECT_THAT(calls_.discard({"f1"}, kStart)->changed, ElementsAre("f1"));
  EXPECT_EQ(calls_.history("n1")->notification.body, "");
}

TEST_P(StoreTest, UnroutedSensitiveTextIsNotKept) {
  ASSERT_TRUE(calls_.accept(sensitive("n1", {})));
  EXPECT_EQ(calls_.history("n1")->notification.title, "");
}

}  // namespace
}  // namespace belfry::store
