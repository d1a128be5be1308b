#include "delivery/lane.hpp"

#include <gmock/gmock.h>

#include "core/delivery/lane_fixture.hpp"
#include "core/delivery/refusing_store.hpp"
#include "model/names.hpp"

namespace belfry::delivery {
namespace {

using model::DeliveryState;
using model::OutcomeCode;

class LaneTest : public LaneFixture {
 protected:
  // Puts a RefusingStore in front of the store; the test sets which calls it refuses.
  RefusingStore& refuse() {
    auto refusing = std::make_unique<RefusingStore>(std::move(store_));
    auto& store = *refusing;
    store_ = std::move(refusing);
    return store;
  }
};

TEST_F(LaneTest, DeliversWhatIsAccepted) {
  add("slack", [](const auto&) { return delivered(); });
  start();
  const auto id = accept("slack", "bobby@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  const auto all = history(id);
  ASSERT_EQ(all.deliveries.size(), 1U);
  EXPECT_EQ(all.deliveries[0].state, DeliveryState::delivered);
  EXPECT_EQ(all.deliveries[0].receipt, R"({"id":"1"})");
  EXPECT_EQ(all.deliveries[0].attempts, 1U);
  EXPECT_FALSE(all.deliveries[0].possible_duplicate);
  ASSERT_EQ(all.attempts.size(), 1U);
  EXPECT_EQ(metrics_.count("attempt slack delivered"), 1);
}

TEST_F(LaneTest, DeliversWhatWasWaitingBeforeItStarted) {
  add("slack", [](const auto&) { return delivered(); });
  accept("slack", "a@example.com");
  accept("slack", "b@example.com");
  start();
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 2));
}

TEST_F(LaneTest, KeepsTheOrderOfOneRecipientAndItsBoundOfConcurrency) {
  add("slack", [](const auto&) { return delivered(); }, [](LaneSettings& s) { s.concurrency = 3; });
  start();
  std::vector<std::string> bobby;
  for (int i = 0; i < 60; ++i) {
    bobby.push_back(accept("slack", "bobby@example.com"));
    accept("slack", "someone" + std::to_string(i) + "@example.com");
  }
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 120));
  const auto seen = channel("slack").seen();
  std::vector<std::string> order;
  for (const auto& send : seen.sent) {
    if (send.message->delivery.destination.address == "bobby@example.com") order.push_back(send.message->delivery.notification_id);
  }
  EXPECT_EQ(order, bobby);
  EXPECT_LE(seen.max_in_flight, 3U);
}

TEST_F(LaneTest, LeasesNoMoreThanTheSinkWorksOnAtOnce) {
  add("slack", [](const auto&) { return delivered(); });
  channel("slack").limit = 2;
  for (int i = 0; i < 60; ++i) accept("slack", "someone" + std::to_string(i) + "@example.com");
  start();
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 60));
  EXPECT_LE(channel("slack").seen().max_in_flight, 2U);
}

TEST_F(LaneTest, WhatThePluginHasNotBegunWithIsNoAttempt) {
  add("slack", [](const auto&) { return delivered(); });
  channel("slack").not_begun = 2;
  start();
  const auto id = accept("slack", "bobby@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  const auto all = history(id);
  EXPECT_EQ(all.deliveries[0].attempts, 1U);
  EXPECT_EQ(all.deliveries[0].failures, 0U);
  EXPECT_FALSE(all.deliveries[0].possible_duplicate);
  EXPECT_EQ(all.attempts.size(), 1U);
  EXPECT_EQ(metrics_.count("attempt slack retry"), 0);
  EXPECT_EQ(metrics_.count("duplicate slack"), 0);
}

TEST_F(LaneTest, ReleasingEndsAPauseForAllSinksOfTheAccount) {
  const auto account = std::make_shared<policy::SendBudget>(policy::SendRates{});
  const auto share = [&](LaneSettings& s) { s.budget = account; };
  std::atomic<bool> limited = true;
  const auto script = [&](const plugin::SendRequest&) {
    if (!limited) return delivered();
    auto o = outcome(OutcomeCode::rate_limited, "ratelimited");
    o.retry_after = std::chrono::seconds(99'999'999);
    o.limit_scope = model::LimitScope::credential;
    return o;
  };
  add("one", script, share);
  add("two", script, share);
  start();
  const auto id = accept("one", "bobby@example.com");
  ASSERT_TRUE(becomes("one", LaneState::paused));
  accept("two", "bobby@example.com");
  ASSERT_TRUE(becomes("two", LaneState::paused));
  EXPECT_TRUE(status("one").can_release);
  EXPECT_LE(*status("one").until, clock_.now() + 1h) << "a pause lasts an hour at most";
  EXPECT_EQ(metrics_.count("delivery one expired"), 0) << "the pause does not lose the message";
  limited = false;
  const auto released = release("one");
  EXPECT_EQ(released.effect, ReleaseResult::Effect::released);
  EXPECT_EQ(released.previous, LaneState::paused);
  EXPECT_TRUE(metrics_.wait("delivery one delivered", 1));
  EXPECT_TRUE(metrics_.wait("delivery two delivered", 1));
  EXPECT_EQ(channel("one").pauses_ended, 1);
  EXPECT_EQ(history(id).deliveries[0].failures, 0U);
  EXPECT_FALSE(dispatcher_->release("nobody", [](const ReleaseResult&) {}));
}

TEST_F(LaneTest, ReleasingAParkedSinkTriesAtOnce) {
  std::atomic<bool> broken = true;
  add(
      "slack", [&](const plugin::SendRequest&) { return broken ? outcome(OutcomeCode::misconfigured, "invalid_auth") : delivered(); },
      [](LaneSettings& s) { s.min_probe_interval = s.max_probe_interval = 1h; });
  parked_["dead"] = {"cannot_start", "no token"};
  add("dead", [](const auto&) { return delivered(); });
  start();
  accept("slack", "bobby@example.com");
  ASSERT_TRUE(becomes("slack", LaneState::parked));
  broken = false;
  EXPECT_EQ(release("slack").effect, ReleaseResult::Effect::released);
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 1));
  const auto refused = release("dead");
  EXPECT_EQ(refused.effect, ReleaseResult::Effect::blocked);
  EXPECT_THAT(refused.detail, testing::HasSubstr("no token"));
  EXPECT_FALSE(status("dead").can_release);
  channel("slack").health(plugin::Health::hung);
  ASSERT_TRUE(becomes("slack", LaneState::hung));
  EXPECT_EQ(release("slack").effect, ReleaseResult::Effect::blocked);
}

TEST_F(LaneTest, ReleasingAnOpenSinkHasAnEffectOnlyOnDeliveriesInBackoff) {
  std::atomic<bool> failing = true;
  add("slack", [&](const plugin::SendRequest&) {
    auto later = outcome(OutcomeCode::retry, "timeout");
    later.retry_after = 5min;
    return failing ? later : delivered();
  });
  start();
  const auto idle = release("slack");
  EXPECT_EQ(idle.effect, ReleaseResult::Effect::none);
  EXPECT_EQ(idle.previous, LaneState::open);
  EXPECT_THAT(idle.detail, testing::HasSubstr("nothing was parked, paused or in back-off"));
  const auto lines = lines_.get();
  EXPECT_TRUE(std::ranges::none_of(lines, [](const auto& line) { return line.contains("is released"); }));
  const auto id = accept("slack", "bobby@example.com");
  const auto until = std::chrono::steady_clock::now() + tests::kDeadline;
  while (history(id).deliveries[0].failures == 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  failing = false;
  EXPECT_EQ(release("slack").effect, ReleaseResult::Effect::released);
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 1));
  EXPECT_EQ(release("slack").effect, ReleaseResult::Effect::none);
}

TEST_F(LaneTest, OneRecipientHasOneDeliveryInFlight) {
  add("slack", [](const auto&) { return std::nullopt; });
  start();
  for (int i = 0; i < 3; ++i) accept("slack", "bobby@example.com");
  accept("slack", "alice@example.com");
  ASSERT_TRUE(channel("slack").wait([](const auto& s) { return s.in_flight == 2; }));
  channel("slack").let_go(delivered());
  ASSERT_TRUE(channel("slack").wait([](const auto& s) { return s.sent.size() == 3 && s.in_flight == 1; }));
  channel("slack").let_go(delivered());
  ASSERT_TRUE(channel("slack").wait([](const auto& s) { return s.sent.size() == 4; }));
  channel("slack").let_go(delivered());
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 4));
  EXPECT_EQ(channel("slack").seen().max_in_flight, 2U);
}

TEST_F(LaneTest, TriesAgainAfterATransientFailureAndOthersGoOn) {
  std::atomic<int> failures = 0;
  add("slack", [&](const plugin::SendRequest& send) {
    if (send.message->delivery.destination.address == "bobby@example.com" && failures++ < 1) return outcome(OutcomeCode::retry);
    return delivered();
  });
  start();
  const auto id = accept("slack", "bobby@example.com");
  accept("slack", "alice@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 2));
  const auto all = history(id);
  EXPECT_EQ(all.deliveries[0].attempts, 2U);
  EXPECT_EQ(all.deliveries[0].failures, 1U);
  EXPECT_EQ(metrics_.count("attempt slack retry"), 1);
  EXPECT_EQ(metrics_.count("duplicate slack"), 0);
}

TEST_F(LaneTest, AnOutageIsSeenAndSaidOnceHoweverManyAttemptsFail) {
  constexpr int kPeople = 20;
  std::atomic<bool> dead = true;
  add("slack", [&](const plugin::SendRequest&) { return dead ? outcome(OutcomeCode::retry, "connection") : delivered(); });
  start();
  for (int i = 0; i < kPeople; ++i) accept("slack", "someone" + std::to_string(i) + "@example.com");
  ASSERT_TRUE(becomes("slack", LaneState::unreachable));
  ASSERT_TRUE(metrics_.wait("attempt slack retry", kPeople));
  const auto during = status("slack");
  EXPECT_EQ(during.reason, "connection");
  EXPECT_GE(during.failures, Outage::kFailures);
  EXPECT_TRUE(during.since && during.last_failure && *during.since <= during.last_failure->at);
  EXPECT_TRUE(during.can_release);
  dead = false;
  EXPECT_EQ(release("slack").previous, LaneState::unreachable);
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", kPeople));
  EXPECT_TRUE(becomes("slack", LaneState::open));
  EXPECT_EQ(status("slack").failures, 0U);
  const auto lines = lines_.get();
  const auto logged = [&](std::string_view text) {
    return std::ranges::count_if(lines, [&](const auto& line) { return line.find(text) != std::string::npos; });
  };
  EXPECT_EQ(logged("sink is unreachable"), 1);
  EXPECT_EQ(logged("sink is still unreachable"), 0);
  EXPECT_EQ(logged("sink is reachable again"), 1);
}

TEST_F(LaneTest, ALaneThatWaitsForABackOffIsNotStandingStill) {
  add("slack", [&](const plugin::SendRequest&) {
    auto later = outcome(OutcomeCode::retry);
    later.retry_after = 5min;
    return later;
  });
  start();
  accept("slack", "bobby@example.com");
  accept("slack", "bobby@example.com");  // due, but queued behind the first
  ASSERT_TRUE(metrics_.wait("attempt slack retry", 1));
  const auto until = std::chrono::steady_clock::now() + tests::kDeadline;
  while (status("slack").attempted_at < clock_.now() + 4min && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_GE(status("slack").attempted_at, clock_.now() + 4min);
}

TEST_F(LaneTest, AnAmbiguousFailureIsMarkedAndTheSinkIsTold) {
  std::atomic<int> calls = 0;
  add("slack", [&](const plugin::SendRequest&) {
    if (calls++ > 0) return delivered();
    auto o = outcome(OutcomeCode::retry, "timeout");
    o.maybe_delivered = true;
    return o;
  });
  start();
  const auto id = accept("slack", "bobby@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  EXPECT_TRUE(history(id).deliveries[0].possible_duplicate);
  EXPECT_EQ(metrics_.count("duplicate slack"), 1);
  const auto sent = channel("slack").seen().sent;
  EXPECT_FALSE(sent[0].message->delivery.possible_duplicate);
  EXPECT_TRUE(sent[1].message->delivery.possible_duplicate);
}

TEST_F(LaneTest, ALimitOfOneRecipientDelaysNoOther) {
  std::atomic<bool> limited = true;
  add("slack", [&](const plugin::SendRequest& send) {
    if (send.message->delivery.destination.address != "bobby@example.com" || !limited.exchange(false)) return delivered();
    auto o = outcome(OutcomeCode::rate_limited);
    o.retry_after = 300ms;
    o.limit_scope = model::LimitScope::recipient;
    return o;
  });
  start();
  const auto id = accept("slack", "bobby@example.com");
  for (int i = 0; i < 20; ++i) accept("slack", "someone" + std::to_string(i) + "@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 21));
  const auto all = history(id);
  EXPECT_EQ(all.deliveries[0].failures, 0U);
  ASSERT_EQ(all.attempts.size(), 2U);
  EXPECT_GE(all.attempts[1].started_at - *all.attempts[0].finished_at, 299ms);
  EXPECT_EQ(channel("slack").seen().sent.back().message->delivery.notification_id, id);
}

TEST_F(LaneTest, ALimitOfTheAccountPausesAllItsSinks) {
  const auto account = std::make_shared<policy::SendBudget>(policy::SendRates{});
  const auto share = [&](LaneSettings& s) { s.budget = account; };
  std::atomic<bool> limited = true;
  add(
      "one",
      [&](const plugin::SendRequest&) {
        if (!limited.exchange(false)) return delivered();
        auto o = outcome(OutcomeCode::rate_limited, "ratelimited");
        o.retry_after = 400ms;
        o.limit_scope = model::LimitScope::credential;
        return o;
      },
      share);
  add("two", [](const auto&) { return delivered(); }, share);
  add("other", [](const auto&) { return delivered(); });
  start();
  const auto first = accept("one", "bobby@example.com");
  ASSERT_TRUE(becomes("one", LaneState::paused));
  const auto second = accept("two", "bobby@example.com");
  accept("other", "bobby@example.com");
  ASSERT_TRUE(metrics_.wait("delivery other delivered", 1));
  ASSERT_TRUE(becomes("two", LaneState::paused));
  EXPECT_EQ(status("two").reason, "rate_limited");
  ASSERT_TRUE(metrics_.wait("delivery two delivered", 1));
  EXPECT_GE(history(second).attempts[0].started_at - *history(first).attempts[0].finished_at, 398ms);
  EXPECT_EQ(status("two").state, LaneState::open);
}

TEST_F(LaneTest, SinksOfOneAccountKeepItsRateTogether) {
  const auto account = std::make_shared<policy::SendBudget>(policy::SendRates{{50, 1s, 5}, {}});
  const auto share = [&](LaneSettings& s) { s.budget = account; };
  add("one", [](const auto&) { return delivered(); }, share);
  add("two", [](const auto&) { return delivered(); }, share);
  start();
  const auto began = clock_.steady();
  for (int i = 0; i < 15; ++i) {
    accept("one", std::to_string(i) + "@example.com");
    accept("two", std::to_string(i) + "@example.com");
  }
  ASSERT_TRUE(metrics_.wait("delivery one delivered", 15));
  ASSERT_TRUE(metrics_.wait("delivery two delivered", 15));
  EXPECT_GE(clock_.steady() - began, 490ms) << "25 beyond the burst, at 50 a second";
}

TEST_F(LaneTest, RoomThatOneSinkDoesNotUseIsAnothers) {
  const auto account = std::make_shared<policy::SendBudget>(policy::SendRates{{1, 1h, 20}, {}});
  const auto share = [&](LaneSettings& s) { s.budget = account; };
  add("idle", [](const auto&) { return delivered(); }, share);
  add("busy", [](const auto&) { return delivered(); }, share);
  start();
  for (int i = 0; i < 20; ++i) accept("busy", std::to_string(i) + "@example.com");
  ASSERT_TRUE(metrics_.wait("delivery busy delivered", 20));
}

TEST_F(LaneTest, ALimitOfTheCredentialPausesTheSinkExactlyThatLong) {
  std::atomic<bool> limited = true;
  add(
      "slack",
      [&](const plugin::SendRequest&) {
        if (!limited.exchange(false)) return delivered();
        auto o = outcome(OutcomeCode::rate_limited, "ratelimited");
        o.retry_after = 400ms;
        o.limit_scope = model::LimitScope::credential;
        return o;
      },
      [](LaneSettings& s) { s.concurrency = 1; });
  start();
  const auto id = accept("slack", "bobby@example.com");
  ASSERT_TRUE(becomes("slack", LaneState::paused));
  EXPECT_EQ(status("slack").reason, "ratelimited");
  accept("slack", "alice@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 2));
  const auto all = history(id);
  EXPECT_GE(all.attempts[1].started_at - *all.attempts[0].finished_at, 399ms);
  EXPECT_EQ(status("slack").state, LaneState::open);
}

TEST_F(LaneTest, MisconfigurationParksKeepsAndRecoversByItself) {
  std::atomic<bool> broken = true;
  add("slack", [&](const plugin::SendRequest&) {
    return broken ? model::Outcome{.code = OutcomeCode::misconfigured,
                                   .reason = "invalid_auth",
                                   .detail = "the token is wrong; put a valid one in"}
                  : delivered();
  });
  start();
  for (int i = 0; i < 5; ++i) accept("slack", "someone" + std::to_string(i) + "@example.com");
  ASSERT_TRUE(becomes("slack", LaneState::parked));
  EXPECT_EQ(status("slack").reason, "invalid_auth");
  EXPECT_EQ(status("slack").detail, "the token is wrong; put a valid one in");
  ASSERT_TRUE(metrics_.wait("attempt slack misconfigured", 8));  // the probes continue
  EXPECT_EQ(metrics_.count("delivery slack rejected"), 0);
  broken = false;
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 5));
  EXPECT_TRUE(becomes("slack", LaneState::open));
}

TEST_F(LaneTest, AParkedLaneWhoseProbeMustWaitForItsRecipientIsTriedAgain) {
  std::atomic<bool> broken = true;
  add(
      "slack", [&](const plugin::SendRequest&) { return broken ? outcome(OutcomeCode::misconfigured, "invalid_auth") : delivered(); },
      [](LaneSettings& s) { s.rates.per_destination = {1, 200ms, 1}; });
  start();
  accept("slack", "bobby@example.com");
  ASSERT_TRUE(becomes("slack", LaneState::parked));
  ASSERT_TRUE(metrics_.wait("attempt slack misconfigured", 3));
  broken = false;
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 1));
  EXPECT_TRUE(becomes("slack", LaneState::open));
}

TEST_F(LaneTest, AParkedLaneThatCannotLookForItsProbeTakesItsTime) {
  enum class Slack { working, cutting, refusing };
  std::atomic<Slack> slack = Slack::cutting;
  add(
      "slack",
      [&](const plugin::SendRequest&) {
        if (slack == Slack::refusing) return outcome(OutcomeCode::misconfigured, "invalid_auth");
        if (slack == Slack::working) return delivered();
        auto cut = outcome(OutcomeCode::retry, "closed");
        cut.maybe_delivered = true;
        return cut;
      },
      [](LaneSettings& s) {
        s.min_probe_interval = s.max_probe_interval = 50ms;
        s.rates.per_destination = {1, 10ms, 3};
      });
  channel("slack").reconcile_script = [&](const auto&) {
    if (slack == Slack::working) return reconciled(ReconcileCode::absent);
    auto later = reconciled(ReconcileCode::ask_again);
    later.retry_after = 1h;
    return later;
  };
  start();
  accept("slack", "bobby@example.com");
  ASSERT_TRUE(channel("slack").wait([](const auto& seen) { return seen.reconciled.size() == 1; }));
  slack = Slack::refusing;
  accept("slack", "alice@example.com");
  ASSERT_TRUE(becomes("slack", LaneState::parked));
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(channel("slack").wait([](const auto& seen) { return seen.reconciled.size() >= 6; }));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 100ms) << "probes keep their interval";
  slack = Slack::working;
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 2));
}

// ---- a store that refuses

TEST_F(LaneTest, ABeginThatIsRefusedEndsTheDeliveryAndBlocksNobody) {
  auto& store = refuse();
  store.separate_begin = true;
  store.begins = 1;
  add("slack", [](const auto&) { return delivered(); });
  start();
  const auto first = accept("slack", "bobby@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack rejected", 1));
  EXPECT_EQ(history(first).deliveries.at(0).last_reason, "store_refused");
  EXPECT_TRUE(history(first).deliveries.at(0).dead_letter);
  accept("slack", "bobby@example.com");
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 1)) << "the queue moves on";
}

TEST_F(LaneTest, AnOutcomeThatIsRefusedIsRecordedInItsSimplestForm) {
  auto& store = refuse();
  store.finishes = 1;
  add("slack", [](const auto&) { return delivered(); });
  start();
  const auto id = accept("slack", "bobby@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  EXPECT_EQ(history(id).deliveries.at(0).state, model::DeliveryState::delivered) << "the message has arrived";
  store.finishes = 1;
  const auto before = channel("slack").seen().sent.size();
  accept("slack", "ada@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 2));
  EXPECT_EQ(channel("slack").seen().sent.size(), before + 1) << "sent once";
}

TEST_F(LaneTest, WhatCannotBeRecordedAtAllIsGivenUp) {
  auto& store = refuse();
  store.finishes = 1;
  store.plain_finishes = 1;
  add("slack", [](const auto&) { return outcome(model::OutcomeCode::rejected); }, [](LaneSettings& s) { s.concurrency = 1; });
  start();
  accept("slack", "bobby@example.com");
  const auto refused = [&](const auto& all) {
    return std::ranges::any_of(all, [](const auto& line) { return line.find("cannot be ended either") != std::string::npos; });
  };
  ASSERT_TRUE(lines_.wait(refused));
  accept("slack", "ada@example.com");
  EXPECT_TRUE(metrics_.wait("delivery slack rejected", 1)) << "its slot is free again";
  EXPECT_EQ(store.refused, 2) << "not retried";
}

TEST_F(LaneTest, ADeliveryThatIsNotTakenBackBlocksNobody) {
  auto& store = refuse();
  store.releases = 1'000'000;
  add("slack", [](const auto&) { return delivered(); }, [](LaneSettings& s) { s.concurrency = 1; });
  channel("slack").not_begun = 1;
  start();
  accept("slack", "bobby@example.com");
  const auto refused = [&](const auto& all) {
    return std::ranges::any_of(all, [](const auto& line) { return line.find("refuses to take a delivery back") != std::string::npos; });
  };
  ASSERT_TRUE(lines_.wait(refused));
  accept("slack", "ada@example.com");
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 1)) << "its slot is free again";
  EXPECT_EQ(store.refused, 1) << "not retried";
}

TEST_F(LaneTest, ARefusedLeaseIsNotRepeatedInALoop) {
  auto& store = refuse();
  store.leases = 1'000'000;
  add("slack", [](const auto&) { return delivered(); });
  start();
  const auto refused = [&](const auto& all) {
    return std::ranges::any_of(all, [](const auto& line) { return line.find("refuses to lease") != std::string::npos; });
  };
  ASSERT_TRUE(lines_.wait(refused));
  const int before = store.refused;
  store.leases = 0;
  EXPECT_LE(store.refused, before + 1);
  accept("slack", "bobby@example.com");
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 1));
}

TEST_F(LaneTest, ASinkThatCannotRunKeepsItsDeliveriesAndSaysWhy) {
  add("slack", [](const auto&) { return delivered(); });
  parked_["slack"] = {"missing_secret", "environment variable SLACK_BOT_TOKEN is not set"};
  start();
  accept("slack", "bobby@example.com");
  EXPECT_EQ(status("slack").state, LaneState::parked);
  EXPECT_EQ(status("slack").detail, "environment variable SLACK_BOT_TOKEN is not set");
  const auto stats = store_->stats(clock_.now());
  EXPECT_EQ(stats.sinks.at("slack").waiting, 1U);
}

TEST_F(LaneTest, ASinkWhosePluginCrashedIsTriedWithOneDelivery) {
  const auto poison = std::make_shared<std::string>();
  const auto ended = std::make_shared<tests::Watched<std::vector<std::string>>>();
  add(
      "slack", [](const plugin::SendRequest&) { return std::nullopt; },
      [&](LaneSettings& s) {
        s.crashed = LaneSettings::Crashed{"pager.so crashed", clock_.now()};
        s.crashed_too_often = [poison](const std::string& delivery) { return delivery == *poison; };
        s.on_crasher_ended = [ended](const std::string& delivery) { ended->update([&](auto& all) { all.push_back(delivery); }); };
      });
  const auto poisoned = accept("slack", "ada@example.com", [&](model::Delivery& d) { *poison = d.id; });
  for (const char* email : {"bob@example.com", "cleo@example.com", "dan@example.com"}) accept("slack", email);
  start();
  ASSERT_TRUE(channels_["slack"]->wait([](const auto& seen) { return seen.sent.size() == 1; }));
  // A delivery that has crashed the plugin too often ends without it, and is no sign that the plugin works.
  const auto history = this->history(poisoned);
  ASSERT_EQ(history.deliveries.size(), 1U);
  EXPECT_TRUE(history.deliveries[0].dead_letter);
  EXPECT_EQ(history.deliveries[0].last_reason, "plugin_crashed");
  EXPECT_EQ(ended->get(), std::vector<std::string>{*poison});
  EXPECT_EQ(status("slack").state, LaneState::crashed);
  EXPECT_EQ(channels_["slack"]->seen().max_in_flight, 1U);
  channels_["slack"]->let_go(delivered());
  ASSERT_TRUE(channels_["slack"]->wait([](const auto& seen) { return seen.sent.size() == 3; }));
  EXPECT_EQ(status("slack").state, LaneState::open);
}

TEST_F(LaneTest, ASinkWhosePluginCrashedWaitsAndCanBeReleased) {
  const auto released = std::make_shared<tests::Watched<int>>();
  add(
      "slack", [](const plugin::SendRequest&) { return delivered(); },
      [&](LaneSettings& s) {
        s.crashed = LaneSettings::Crashed{"pager.so crashed", clock_.now() + 1min};
        s.on_release = [released] { released->update([](int& times) { ++times; }); };
      });
  parked_["slack"] = {"crashed", "pager.so crashed"};
  const auto id = accept("slack", "ada@example.com");
  start();
  ASSERT_TRUE(becomes("slack", LaneState::crashed));
  EXPECT_EQ(status("slack").until, settings_[0].crashed->next_try);
  const auto answer = std::make_shared<tests::Watched<bool>>();
  EXPECT_TRUE(dispatcher_->release("slack", [answer](const ReleaseResult& now) {
    answer->update([&](bool& done) { done = now.effect == ReleaseResult::Effect::released; });
  }));
  EXPECT_TRUE(answer->wait([](bool done) { return done; }));
  EXPECT_TRUE(released->wait([](int times) { return times == 1; }));
  EXPECT_EQ(history(id).deliveries[0].state, model::DeliveryState::waiting);
}

TEST_F(LaneTest, WhatExpiresInAParkedLaneGoesToItsFallback) {
  add("slack", [](const auto&) { return delivered(); });
  add("mail", [](const auto&) { return delivered(); });
  parked_["slack"] = {"missing_secret", "no token"};
  accept("slack", "bobby@example.com", [&](model::Delivery& d) {
    d.expires_at = clock_.now();
    d.fallback = {"mail"};
  });
  start();
  EXPECT_TRUE(metrics_.wait("delivery slack expired", 1));
  EXPECT_TRUE(metrics_.wait("delivery mail delivered", 1));
}

TEST_F(LaneTest, ARejectionGoesToTheFallbackWithoutOneToTheDeadLetters) {
  add("slack", [](const auto&) { return outcome(OutcomeCode::rejected, "user_not_found"); });
  add("mail", [](const auto&) { return delivered(); });
  start();
  const auto with = accept("slack", "bobby@example.com", [](model::Delivery& d) { d.fallback = {"mail"}; });
  const auto without = accept("slack", "alice@example.com");
  ASSERT_TRUE(metrics_.wait("delivery mail delivered", 1));
  ASSERT_TRUE(metrics_.wait("delivery slack rejected", 2));
  EXPECT_EQ(history(with).deliveries.size(), 2U);
  EXPECT_FALSE(history(with).deliveries[0].dead_letter);
  EXPECT_TRUE(history(without).deliveries[0].dead_letter);
  EXPECT_EQ(history(without).deliveries[0].last_reason, "user_not_found");
}

TEST_F(LaneTest, AHungPluginGetsNothingMoreUntilItsCallReturns) {
  add("slack", [](const auto&) { return std::nullopt; });
  add("mail", [](const auto&) { return delivered(); });
  start();
  accept("slack", "bobby@example.com");
  ASSERT_TRUE(channel("slack").wait([](const auto& s) { return s.sent.size() == 1; }));
  channel("slack").health(plugin::Health::hung);
  ASSERT_TRUE(becomes("slack", LaneState::hung));
  accept("slack", "alice@example.com");
  accept("mail", "alice@example.com");
  ASSERT_TRUE(metrics_.wait("delivery mail delivered", 1));
  channel("slack").let_go(delivered());
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  EXPECT_EQ(channel("slack").seen().sent.size(), 1U);
  channel("slack").health(plugin::Health::running);
  ASSERT_TRUE(channel("slack").wait([](const auto& s) { return s.sent.size() == 2; }));
  channel("slack").let_go(delivered());
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 2));
}

TEST_F(LaneTest, WhatACrashLeftInDoubtIsMarkedAndSentAgain) {
  add("slack", [](const auto&) { return delivered(); });
  const auto id = accept("slack", "bobby@example.com");
  // Another holder begins an attempt and never finishes it.
  const auto lease = answer_of<store::Lease>([&](auto handler) { store_->lease({"slack", 1, clock_.now(), 100ms}, std::move(handler)); });
  ASSERT_EQ(lease->leased.size(), 1U);
  ASSERT_TRUE(
      answer_of<std::uint32_t>([&](auto handler) { store_->begin(lease->leased[0].claim, false, clock_.now(), std::move(handler)); }));
  start();
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  EXPECT_EQ(metrics_.count("duplicate slack"), 1);
  EXPECT_TRUE(history(id).deliveries[0].possible_duplicate);
  EXPECT_TRUE(channel("slack").seen().sent[0].message->delivery.possible_duplicate);
}

TEST_F(LaneTest, ASinkThatCanReconcileIsAskedFirst) {
  add("slack", [](const auto&) { return delivered(); });
  channel("slack").reconcile_script = [](const auto&) {
    return plugin::ReconcileResult{.code = ReconcileCode::found, .detail = "seen", .receipt = R"({"id":"2"})"};
  };
  const auto id = accept("slack", "bobby@example.com");
  const auto lease = answer_of<store::Lease>([&](auto handler) { store_->lease({"slack", 1, clock_.now(), 100ms}, std::move(handler)); });
  ASSERT_TRUE(
      answer_of<std::uint32_t>([&](auto handler) { store_->begin(lease->leased.at(0).claim, false, clock_.now(), std::move(handler)); }));
  start();
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  EXPECT_TRUE(channel("slack").seen().sent.empty());
  EXPECT_EQ(channel("slack").seen().reconciled.size(), 1U);
  const auto found = history(id).deliveries[0];
  EXPECT_FALSE(found.possible_duplicate);
  EXPECT_EQ(found.last_reason, "delivered");
  EXPECT_EQ(found.last_detail, "seen");
  EXPECT_EQ(found.receipt, R"({"id":"2"})");
}

TEST_F(LaneTest, AnAmbiguousFailureIsLookedForBeforeItIsSentAgain) {
  struct Row {
    std::string sink;
    ReconcileCode found;
    std::size_t sent;
    bool marked;
  };
  const std::vector<Row> rows{{"slack-found", ReconcileCode::found, 1, false},
                              {"slack-absent", ReconcileCode::absent, 2, false},
                              {"slack-unknown", ReconcileCode::unknown, 2, true}};
  for (const auto& row : rows) {
    const auto& sink = row.sink;
    add(sink, [](const plugin::SendRequest& send) {
      if (send.attempt > 1) return delivered();
      auto o = outcome(OutcomeCode::retry, "timeout");
      o.maybe_delivered = true;
      return o;
    });
    channel(sink).reconcile_script = [found = row.found](const auto&) { return reconciled(found); };
  }
  start();
  for (const auto& row : rows) {
    const auto& sink = row.sink;
    const auto id = accept(sink, "bobby@example.com");
    ASSERT_TRUE(metrics_.wait("delivery " + sink + " delivered", 1));
    const auto seen = channel(sink).seen();
    EXPECT_EQ(seen.reconciled.size(), 1U);
    EXPECT_EQ(seen.sent.size(), row.sent);
    EXPECT_EQ(seen.sent.back().message->delivery.possible_duplicate, row.marked);
    EXPECT_EQ(history(id).deliveries[0].possible_duplicate, row.marked);
    EXPECT_EQ(metrics_.count("duplicate " + sink), row.marked ? 1 : 0);
    EXPECT_EQ(history(id).attempts.at(0).outcome->reason, "timeout");
  }
}

TEST_F(LaneTest, WhatCannotBeLookedForNowIsLookedForLater) {
  std::atomic<int> asked = 0;
  add("slack", [](const auto&) { return delivered(); });
  channel("slack").reconcile_script = [&](const auto&) {
    if (asked++ > 0) return reconciled(ReconcileCode::found);
    auto later = reconciled(ReconcileCode::ask_again);
    later.retry_after = 1ms;
    return later;
  };
  const auto id = accept("slack", "bobby@example.com");
  const auto lease = answer_of<store::Lease>([&](auto handler) { store_->lease({"slack", 1, clock_.now(), 100ms}, std::move(handler)); });
  ASSERT_TRUE(
      answer_of<std::uint32_t>([&](auto handler) { store_->begin(lease->leased.at(0).claim, false, clock_.now(), std::move(handler)); }));
  start();
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(channel("slack").seen().sent.empty());
  EXPECT_EQ(status("slack").state, LaneState::open);
}

TEST_F(LaneTest, ALateDeliveredSettlesWhatWasGivenUp) {
  add("slack", [](const auto&) {
    auto o = outcome(OutcomeCode::retry, "timeout");
    o.maybe_delivered = true;
    o.retry_after = 1h - 1s;
    return o;
  });
  start();
  const auto id = accept("slack", "bobby@example.com", [&](model::Delivery& d) { d.expires_at = clock_.now() + 2h; });
  ASSERT_TRUE(metrics_.wait("attempt slack retry", 1));
  ASSERT_TRUE(metrics_.wait("duplicate slack", 1));
  channel("slack").late(history(id).deliveries[0].id, 1, delivered());
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  EXPECT_EQ(history(id).deliveries[0].state, DeliveryState::delivered);
}

TEST_F(LaneTest, TheRateOfARecipientSpreadsWhatGoesToIt) {
  add("slack", [](const auto&) { return delivered(); }, [](LaneSettings& s) { s.rates.per_destination = {10, 1s, 1}; });
  start();
  for (int i = 0; i < 4; ++i) accept("slack", "bobby@example.com");
  accept("slack", "alice@example.com");
  const auto started = std::chrono::steady_clock::now();
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 5));
  EXPECT_GE(std::chrono::steady_clock::now() - started, 250ms);
}

TEST_F(LaneTest, TheRateOfTheSinkHolds) {
  add("slack", [](const auto&) { return delivered(); }, [](LaneSettings& s) { s.rates.total = {50, 1s, 5}; });
  const auto started = std::chrono::steady_clock::now();
  start();
  for (int i = 0; i < 20; ++i) accept("slack", "someone" + std::to_string(i) + "@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 20));
  EXPECT_GE(std::chrono::steady_clock::now() - started, 280ms);
}

TEST_F(LaneTest, StoppingLetsAttemptsEndAndKeepsTheRest) {
  add("slack", [](const auto&) { return std::nullopt; }, [](LaneSettings& s) { s.concurrency = 1; });
  start();
  accept("slack", "bobby@example.com");
  const auto rest = accept("slack", "alice@example.com");
  ASSERT_TRUE(channel("slack").wait([](const auto& s) { return s.in_flight == 1; }));
  std::promise<void> stopped;
  auto future = stopped.get_future();
  dispatcher_->stop(20s, [&] { stopped.set_value(); });
  EXPECT_FALSE(channel("slack").seen().stopped);
  channel("slack").let_go(delivered());
  ASSERT_EQ(future.wait_for(tests::kDeadline), std::future_status::ready);
  EXPECT_EQ(metrics_.count("delivery slack delivered"), 1);
  EXPECT_EQ(history(rest).deliveries[0].state, DeliveryState::waiting);
  EXPECT_TRUE(channel("slack").seen().stopped);
  store_->close();
  runtime_.stop();
  runtime_.join(5s);
  dispatcher_.reset();
}

TEST_F(LaneTest, AnotherLaneTakesOverWhileAttemptsEnd) {
  add("slack", [](const auto&) { return std::nullopt; });
  add("gone", [](const auto&) { return delivered(); });
  start();
  accept("slack", "bobby@example.com");
  const auto old = channels_.at("slack");
  ASSERT_TRUE(old->wait([](const auto& s) { return s.in_flight == 1; }));
  accept("slack", "bobby@example.com");

  const auto next = channels_["slack"] = std::make_shared<ScriptedChannel>([](const auto&) { return delivered(); });
  dispatcher_->replace_lanes({make_lane(settings_.front())}, plans_);
  accept("slack", "alice@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  EXPECT_EQ(next->seen().sent.front().message->delivery.destination.address, "alice@example.com");
  EXPECT_EQ(next->seen().sent.size(), 1U) << "one delivery of a recipient queue at a time, across lanes";
  EXPECT_FALSE(old->seen().stopped);
  EXPECT_EQ(dispatcher_->status().size(), 1U);
  EXPECT_TRUE(channel("gone").wait([](const auto& s) { return s.stopped; }));

  old->let_go(delivered());
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 3)) << "the next lane is notified at once, not at the end of the lease";
  EXPECT_EQ(old->seen().sent.size(), 1U);
  EXPECT_TRUE(old->wait([](const auto& s) { return s.stopped; }));
  const auto kept = accept("gone", "bobby@example.com");
  EXPECT_EQ(history(kept).deliveries[0].state, DeliveryState::waiting);
}

TEST_F(LaneTest, ALaneThatIsTheSameGoesOn) {
  add("slack", [](const auto&) { return delivered(); });
  start();
  accept("slack", "bobby@example.com");
  ASSERT_TRUE(metrics_.wait("delivery slack delivered", 1));
  const auto lane = make_lane(settings_.front());
  dispatcher_->replace_lanes({lane}, plans_);
  ASSERT_TRUE(channel("slack").wait([](const auto& s) { return s.stopped; })) << "a lane that was replaced stops";
  channels_["slack"] = std::make_shared<ScriptedChannel>([](const auto&) { return delivered(); });
  dispatcher_->replace_lanes({lane}, plans_);
  accept("slack", "bobby@example.com");
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 2));
  EXPECT_TRUE(channel("slack").seen().sent.empty());
}

TEST_F(LaneTest, StoppingWaitsForLanesThatMakeWayToo) {
  add("slack", [](const auto&) { return std::nullopt; });
  start();
  accept("slack", "bobby@example.com");
  ASSERT_TRUE(channel("slack").wait([](const auto& s) { return s.in_flight == 1; }));
  dispatcher_->replace_lanes({}, {});
  std::promise<void> stopped;
  auto future = stopped.get_future();
  dispatcher_->stop(20s, [&] { stopped.set_value(); });
  channel("slack").let_go(delivered());
  ASSERT_EQ(future.wait_for(tests::kDeadline), std::future_status::ready);
  EXPECT_EQ(metrics_.count("delivery slack delivered"), 1);
  EXPECT_TRUE(channel("slack").seen().stopped);
}

TEST_F(LaneTest, StoppingDoesNotWaitForAPluginThatHangs) {
  add("slack", [](const auto&) { return std::nullopt; });
  start();
  accept("slack", "bobby@example.com");
  ASSERT_TRUE(channel("slack").wait([](const auto& s) { return s.in_flight == 1; }));
  channel("slack").health(plugin::Health::hung);
  ASSERT_TRUE(becomes("slack", LaneState::hung));
  std::promise<void> stopped;
  dispatcher_->stop(1h, [&] { stopped.set_value(); });
  EXPECT_EQ(stopped.get_future().wait_for(tests::kDeadline), std::future_status::ready);
  store_->close();
  runtime_.stop();
  runtime_.join(5s);
  dispatcher_.reset();
}

TEST_F(LaneTest, StoppingDoesNotWaitForEverForAnAttempt) {
  add("slack", [](const auto&) { return std::nullopt; });
  start();
  accept("slack", "bobby@example.com");
  ASSERT_TRUE(channel("slack").wait([](const auto& s) { return s.in_flight == 1; }));
  std::promise<void> stopped;
  dispatcher_->stop(50ms, [&] { stopped.set_value(); });
  EXPECT_EQ(stopped.get_future().wait_for(tests::kDeadline), std::future_status::ready);
  store_->close();
  runtime_.stop();
  runtime_.join(5s);
  dispatcher_.reset();
}

}  // namespace
}  // namespace belfry::delivery
