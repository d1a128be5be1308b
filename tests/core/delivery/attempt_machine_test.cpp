#include "delivery/attempt_machine.hpp"

#include <gtest/gtest.h>

namespace belfry::delivery {
namespace {

using model::OutcomeCode;
using ReconcileCode = plugin::ReconcileResult::Code;
using namespace std::chrono_literals;

const base::Timestamp kNow{base::Millis(1'700'000'000'000)};

class AttemptMachineTest : public testing::Test {
 protected:
  AttemptMachine machine(bool in_doubt = false, bool can_reconcile = false, base::Timestamp expires_at = kNow + 1h,
                         std::vector<std::string> fallback = {}) {
    store::Leased leased;
    leased.claim = "claim";
    leased.delivery.id = "d1";
    leased.delivery.sink = "slack";
    leased.delivery.notification_id = "n1";
    leased.delivery.expires_at = expires_at;
    leased.delivery.fallback = std::move(fallback);
    leased.in_doubt = in_doubt;
    leased.items.emplace_back();
    leased.items.back().id = "n1";
    leased.items.back().recipient.email = "bobby@example.com";
    return AttemptMachine({std::move(leased), can_reconcile, &sinks_});
  }

  static model::Outcome outcome(OutcomeCode code, bool maybe_delivered = false) {
    return {.code = code, .maybe_delivered = maybe_delivered, .reason = "test"};
  }

  // Starts, begins and sends, then ends with the outcome.
  static action::Finish finish_of(AttemptMachine& m, const model::Outcome& o, std::uint32_t attempt = 1) {
    static_cast<void>(m.resume(event::Start{}, kNow, 0));
    static_cast<void>(m.resume(event::Began{attempt}, kNow, 0));
    return std::get<action::Finish>(m.resume(event::Ended{o}, kNow, 0));
  }

  std::map<std::string, SinkTraits> sinks_{{"slack", {{}, 24h}}, {"mail", {{}, 12h}}};
};

TEST_F(AttemptMachineTest, BeginsSendsAndFinishes) {
  auto m = machine();
  EXPECT_FALSE(std::get<action::Begin>(m.resume(event::Start{}, kNow, 0)).possible_duplicate);
  EXPECT_EQ(std::get<action::Send>(m.resume(event::Began{3}, kNow, 0)).attempt, 3U);
  const auto finish = std::get<action::Finish>(m.resume(event::Ended{outcome(OutcomeCode::delivered)}, kNow, 0));
  EXPECT_TRUE(std::holds_alternative<store::Done>(finish.finish.next));
  EXPECT_EQ(finish.finish.claim, "claim");
  EXPECT_EQ(finish.finish.delivery_id, "d1");
  EXPECT_EQ(finish.finish.attempt, 3U);
  EXPECT_FALSE(finish.park_lane);
}

TEST_F(AttemptMachineTest, WhatCrashedItsPluginTooOftenEndsWithoutIt) {
  store::Leased leased;
  leased.claim = "claim";
  leased.delivery = {.id = "d1", .sink = "slack", .expires_at = kNow + 1h};
  leased.attempt = 4;
  AttemptMachine m({std::move(leased), true, &sinks_, true});
  const auto finish = std::get<action::Finish>(m.resume(event::Start{}, kNow, 0)).finish;
  EXPECT_EQ(finish.attempt, 4U);
  EXPECT_EQ(finish.outcome.reason, "plugin_crashed");
  EXPECT_EQ(std::get<store::DeadLetter>(finish.next).state, model::DeliveryState::rejected);
}

TEST_F(AttemptMachineTest, WhatWasBegunWithTheLeaseIsSentAtOnce) {
  store::Leased leased;
  leased.claim = "claim";
  leased.delivery = {.id = "d1", .sink = "slack", .expires_at = kNow + 1h};
  leased.attempt = 4;
  AttemptMachine m({std::move(leased), true, &sinks_});
  EXPECT_EQ(std::get<action::Send>(m.resume(event::Start{}, kNow, 0)).attempt, 4U);
  const auto finish = std::get<action::Finish>(m.resume(event::Ended{outcome(OutcomeCode::delivered)}, kNow, 0));
  EXPECT_EQ(finish.finish.attempt, 4U);
}

TEST_F(AttemptMachineTest, ADeliveryInDoubtIsMarkedWhenTheSinkCannotReconcile) {
  auto m = machine(true);
  EXPECT_TRUE(std::get<action::Begin>(m.resume(event::Start{}, kNow, 0)).possible_duplicate);
  EXPECT_TRUE(m.leased().delivery.possible_duplicate);
}

TEST_F(AttemptMachineTest, ReconcilingDecidesWhetherItIsSentAgain) {
  struct Row {
    ReconcileCode found;
    bool sent_again;
    bool marked;
  };
  for (const auto& row :
       {Row{ReconcileCode::found, false, false}, Row{ReconcileCode::absent, true, false}, Row{ReconcileCode::unknown, true, true}}) {
    auto m = machine(true, true);
    ASSERT_TRUE(std::holds_alternative<action::Reconcile>(m.resume(event::Start{}, kNow, 0)));
    const auto next = m.resume(event::Reconciled{{.code = row.found}}, kNow, 0);
    ASSERT_EQ(std::holds_alternative<action::Begin>(next), row.sent_again);
    if (row.sent_again) {
      EXPECT_EQ(std::get<action::Begin>(next).possible_duplicate, row.marked);
    } else {
      EXPECT_TRUE(std::holds_alternative<store::Done>(std::get<action::Finish>(next).finish.next));
      EXPECT_EQ(std::get<action::Finish>(next).finish.attempt, 0U);
    }
  }
}

TEST_F(AttemptMachineTest, WhatCannotBeSaidYetIsAskedLaterAndStaysInDoubt) {
  struct Row {
    std::optional<base::Millis> after;
    base::Timestamp expires_at;
    base::Timestamp again;
  };
  for (const auto& row :
       {Row{7s, kNow + 1h, kNow + 7s}, Row{{}, kNow + 1h, kNow + 30s}, Row{0s, kNow + 1h, kNow + 1s}, Row{7s, kNow + 5s, kNow + 5s}}) {
    auto m = machine(true, true, row.expires_at);
    static_cast<void>(m.resume(event::Start{}, kNow, 0));
    const plugin::ReconcileResult later{.code = ReconcileCode::ask_again, .retry_after = row.after, .detail = "the remote is busy"};
    const auto finish = std::get<action::Finish>(m.resume(event::Reconciled{later}, kNow, 0));
    EXPECT_EQ(finish.finish.attempt, 0U) << "no attempt was begun, and the previous one stays open";
    EXPECT_EQ(finish.finish.outcome.code, OutcomeCode::rate_limited);
    EXPECT_EQ(finish.finish.outcome.reason, "unknown");
    EXPECT_EQ(finish.finish.outcome.detail, "the remote is busy");
    EXPECT_FALSE(finish.pause);
    const auto retry = std::get<store::RetryAt>(finish.finish.next);
    EXPECT_EQ(retry.at, row.again);
    EXPECT_FALSE(retry.counts_as_failure);
    EXPECT_FALSE(retry.possible_duplicate);
  }
}

TEST_F(AttemptMachineTest, AnAmbiguousEndLeavesItInDoubtForASinkThatCanReconcile) {
  for (const auto code : {OutcomeCode::retry, OutcomeCode::rate_limited, OutcomeCode::misconfigured}) {
    auto m = machine(false, true);
    const auto retry = std::get<store::RetryAt>(finish_of(m, outcome(code, true)).finish.next);
    EXPECT_TRUE(retry.in_doubt);
    EXPECT_FALSE(retry.possible_duplicate) << "reconciling decides that later";
    auto clear = machine(false, true);
    EXPECT_FALSE(std::get<store::RetryAt>(finish_of(clear, outcome(code, false)).finish.next).in_doubt);
  }
}

TEST_F(AttemptMachineTest, AnAmbiguousLastAttemptIsLookedForBeforeItIsGivenUp) {
  const auto soon = kNow + 1ms;
  for (const bool can : {true, false}) {
    for (const auto end : {kNow, soon, soon + 1s}) {
      auto m = machine(false, can, soon, {"mail"});
      static_cast<void>(m.resume(event::Start{}, kNow, 0));
      static_cast<void>(m.resume(event::Began{1}, kNow, 0));
      const auto next = std::get<action::Finish>(m.resume(event::Ended{outcome(OutcomeCode::retry, true)}, end, 0)).finish.next;
      ASSERT_EQ(std::holds_alternative<store::RetryAt>(next), can);
      if (can) {
        EXPECT_EQ(std::get<store::RetryAt>(next).at, std::max(end, soon)) << "retrying sooner would send it again";
        EXPECT_TRUE(std::get<store::RetryAt>(next).in_doubt);
      } else {
        EXPECT_TRUE(std::get<store::FallBack>(next).deliveries.at(0).possible_duplicate);
      }
    }
  }
  auto certain = machine(false, true, soon, {"mail"});
  EXPECT_TRUE(std::holds_alternative<store::FallBack>(finish_of(certain, outcome(OutcomeCode::retry, false)).finish.next));
  auto rejected = machine(false, true, kNow + 1h, {"mail"});
  EXPECT_TRUE(std::holds_alternative<store::FallBack>(finish_of(rejected, outcome(OutcomeCode::rejected, true)).finish.next));
}

TEST_F(AttemptMachineTest, WhatIsMarkedIsMarkedOnce) {
  store::Leased leased;
  leased.delivery = {.id = "d1", .sink = "slack", .expires_at = kNow + 1h, .possible_duplicate = true};
  leased.in_doubt = true;
  AttemptMachine m({std::move(leased), false, &sinks_});
  EXPECT_FALSE(std::get<action::Begin>(m.resume(event::Start{}, kNow, 0)).possible_duplicate);
  EXPECT_TRUE(m.leased().delivery.possible_duplicate);
}

TEST_F(AttemptMachineTest, AnExpiredDeliveryIsNotSent) {
  auto m = machine(false, true, kNow);
  const auto finish = std::get<action::Finish>(m.resume(event::Start{}, kNow, 0));
  EXPECT_EQ(std::get<store::DeadLetter>(finish.finish.next).state, model::DeliveryState::expired);
  EXPECT_EQ(finish.finish.outcome.reason, "expired");
}

TEST_F(AttemptMachineTest, AnExpiredDeliveryInDoubtIsReconciledFirst) {
  auto found = machine(true, true, kNow);
  ASSERT_TRUE(std::holds_alternative<action::Reconcile>(found.resume(event::Start{}, kNow, 0)));
  auto finish = std::get<action::Finish>(found.resume(event::Reconciled{{.code = ReconcileCode::found, .receipt = "{}"}}, kNow, 0));
  EXPECT_TRUE(std::holds_alternative<store::Done>(finish.finish.next));
  EXPECT_EQ(finish.finish.outcome.code, OutcomeCode::delivered);
  EXPECT_EQ(finish.finish.outcome.reason, "delivered");
  EXPECT_EQ(finish.finish.outcome.receipt, "{}");

  auto absent = machine(true, true, kNow, {"mail"});
  static_cast<void>(absent.resume(event::Start{}, kNow, 0));
  finish = std::get<action::Finish>(absent.resume(event::Reconciled{{.code = ReconcileCode::absent}}, kNow, 0));
  EXPECT_FALSE(std::get<store::FallBack>(finish.finish.next).deliveries.at(0).possible_duplicate);

  auto unknown = machine(true, true, kNow, {"mail"});
  static_cast<void>(unknown.resume(event::Start{}, kNow, 0));
  finish = std::get<action::Finish>(unknown.resume(event::Reconciled{{.code = ReconcileCode::unknown}}, kNow, 0));
  EXPECT_TRUE(std::get<store::FallBack>(finish.finish.next).deliveries.at(0).possible_duplicate);
}

TEST_F(AttemptMachineTest, ARejectionGoesToTheFallbackAndTakesTheMarkAlong) {
  auto m = machine(false, false, kNow + 1h, {"mail"});
  const auto fall_back = std::get<store::FallBack>(finish_of(m, outcome(OutcomeCode::rejected, true)).finish.next);
  EXPECT_EQ(fall_back.state, model::DeliveryState::rejected);
  ASSERT_EQ(fall_back.deliveries.size(), 1U);
  EXPECT_EQ(fall_back.deliveries[0].sink, "mail");
  EXPECT_EQ(fall_back.deliveries[0].fallback_of, "d1");
  EXPECT_TRUE(fall_back.deliveries[0].possible_duplicate);
  EXPECT_EQ(fall_back.deliveries[0].expires_at, kNow + 12h);
}

TEST_F(AttemptMachineTest, WithoutAFallbackThatExistsARejectionIsADeadLetter) {
  auto none = machine();
  EXPECT_TRUE(std::holds_alternative<store::DeadLetter>(finish_of(none, outcome(OutcomeCode::rejected)).finish.next));
  auto gone = machine(false, false, kNow + 1h, {"no-such-sink"});
  EXPECT_TRUE(std::holds_alternative<store::DeadLetter>(finish_of(gone, outcome(OutcomeCode::rejected)).finish.next));
}

TEST_F(AttemptMachineTest, ARetryKeepsTheDeliveryAndSetsTheMarkWhenItMayHaveArrived) {
  auto m = machine();
  const auto retry = std::get<store::RetryAt>(finish_of(m, outcome(OutcomeCode::retry, true)).finish.next);
  EXPECT_GT(retry.at, kNow);
  EXPECT_TRUE(retry.counts_as_failure);
  EXPECT_TRUE(retry.possible_duplicate);
}

TEST_F(AttemptMachineTest, MisconfigurationParksTheLaneAndKeepsTheDelivery) {
  auto m = machine();
  const auto finish = finish_of(m, outcome(OutcomeCode::misconfigured));
  EXPECT_TRUE(finish.park_lane);
  EXPECT_TRUE(std::holds_alternative<store::RetryAt>(finish.finish.next));
}

TEST_F(AttemptMachineTest, ALimitOfTheCredentialPausesTheSink) {
  auto limited = outcome(OutcomeCode::rate_limited);
  limited.retry_after = 7s;
  limited.limit_scope = model::LimitScope::credential;
  auto m = machine();
  const auto finish = finish_of(m, limited);
  ASSERT_TRUE(finish.pause);
  EXPECT_EQ(finish.pause->until, kNow + 7s);
  EXPECT_EQ(std::get<store::RetryAt>(finish.finish.next).at, kNow + 7s);
  EXPECT_FALSE(std::get<store::RetryAt>(finish.finish.next).counts_as_failure);
}

TEST_F(AttemptMachineTest, ALostClaimEndsIt) {
  auto m = machine();
  static_cast<void>(m.resume(event::Start{}, kNow, 0));
  EXPECT_TRUE(std::holds_alternative<action::Abandon>(m.resume(event::ClaimLost{}, kNow, 0)));
}

TEST_F(AttemptMachineTest, AnEventOutOfOrderIsABug) {
  auto m = machine();
  EXPECT_THROW(static_cast<void>(m.resume(event::Began{1}, kNow, 0)), std::logic_error);
  static_cast<void>(m.resume(event::Start{}, kNow, 0));
  EXPECT_THROW(static_cast<void>(m.resume(event::Ended{}, kNow, 0)), std::logic_error);
  EXPECT_THROW(static_cast<void>(m.resume(event::Start{}, kNow, 0)), std::logic_error);
}

}  // namespace
}  // namespace belfry::delivery
