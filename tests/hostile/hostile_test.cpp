// Plugins that break the contract at run time. Each has its outcome, its log line and its counter, and the gateway keeps running.
#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "support/plugin_rig.hpp"

namespace belfry {
namespace {

using model::OutcomeCode;
using plugin::Health;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

class Hostile : public testing::PluginRig {};

TEST_F(Hostile, WellBehavedIsNotAccused) {
  const auto instance = open("plain");
  ASSERT_TRUE(instance);
  const auto outcome = deliver(*instance, message());
  EXPECT_EQ(outcome.code, OutcomeCode::delivered);
  EXPECT_EQ(outcome.reason, "ok");
  EXPECT_TRUE(stop(*instance, 20s));
  EXPECT_EQ(lines_.count("plugin violation"), 0U) << lines_.all();
}

TEST_F(Hostile, CompletesTwice) {
  const auto instance = open("completes_twice");
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message()).code, OutcomeCode::delivered);
  EXPECT_TRUE(metrics_.wait_for("completed_twice"));
  EXPECT_TRUE(lines_.wait_for("kind=completed_twice"));
  EXPECT_EQ(late_.size(), 0U);
}

TEST_F(Hostile, NeverCompletes) {
  const auto instance = open("never_completes");
  ASSERT_TRUE(instance);
  const auto outcome = deliver(*instance, message(50ms));
  EXPECT_EQ(outcome.code, OutcomeCode::retry);
  EXPECT_EQ(outcome.reason, "timeout");
  EXPECT_TRUE(outcome.maybe_delivered);
  EXPECT_EQ(instance->health(), Health::running);
}

TEST_F(Hostile, CompletesLate) {
  const auto instance = open("completes_late");
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message(50ms)).reason, "timeout");
  const auto late = late_.take();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->code, OutcomeCode::delivered);
  EXPECT_EQ(late->detail, "after all");
  EXPECT_TRUE(lines_.wait_for("kind=completed_late"));
}

TEST_F(Hostile, Throws) {
  const auto instance = open("throws");
  ASSERT_TRUE(instance);
  const auto outcome = deliver(*instance, message());
  EXPECT_EQ(outcome.code, OutcomeCode::retry);
  EXPECT_EQ(outcome.reason, "plugin_threw");
  EXPECT_TRUE(lines_.wait_for("kind=threw"));
  EXPECT_TRUE(lines_.wait_for("deliver: thrown by deliver")) << lines_.all();
  expect_alive();
}

TEST_F(Hostile, SpinsAndComesBack) {
  limits_.hung = 50ms;
  const auto instance = open("spins");
  ASSERT_TRUE(instance);
  testing::Mailbox<plugin::SendOutcome> outcomes;
  instance->deliver(message(20s, "first"), [&](plugin::SendOutcome outcome) { outcomes.put(std::move(outcome)); });
  // Queued behind the first and never dispatched, so it cannot have arrived.
  instance->deliver(message(100ms, "second"), [&](plugin::SendOutcome outcome) { outcomes.put(std::move(outcome)); });
  ASSERT_EQ(health_.take(), Health::hung);
  EXPECT_EQ(plugins_.threads(), 2U);
  EXPECT_EQ(metrics_.value("hung"), 1);
  int status = 0;
  instance->handle_inbound({}, [&](const net::ServerResponse& response) { status = response.status; });
  EXPECT_EQ(status, 503);
  const auto second = outcomes.take();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->reason, "busy");
  EXPECT_TRUE(second->not_started);
  EXPECT_FALSE(second->maybe_delivered);
  const auto first = outcomes.take();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->detail, "at last");
  EXPECT_EQ(health_.take(), Health::running);
  EXPECT_TRUE(lines_.wait_for("the plugin's call has returned"));
}

TEST_F(Hostile, AnotherInstanceGoesOnBesideASpinningOne) {
  limits_.hung = 20ms;
  const auto instance = open("spins");
  ASSERT_TRUE(instance);
  testing::Mailbox<model::Outcome> spun;
  instance->deliver(message(), [&](model::Outcome outcome) { spun.put(std::move(outcome)); });
  ASSERT_EQ(health_.take(), Health::hung);
  expect_alive();
  EXPECT_TRUE(spun.take());
}

// A sink whose deliver() blocks on the offload pool, which has one thread here. It writes a line for each delivery that it makes.
class Blocking : public Hostile {
 protected:
  std::shared_ptr<plugin::Instance> open_blocking(std::chrono::milliseconds work, int concurrency) {
    return open("blocks", {{"file", made_file().string()}, {"work_ms", work.count()}, {"concurrency", concurrency}});
  }
  void deliver_to(plugin::Instance& instance, std::chrono::milliseconds timeout, const std::string& id) {
    instance.deliver(message(timeout, id), [this](plugin::SendOutcome outcome) { outcomes_.put(std::move(outcome)); });
  }
  [[nodiscard]] fs::path made_file() const { return state_.path() / "made"; }
  [[nodiscard]] std::vector<std::string> made() const {
    std::ifstream file(made_file());
    std::vector<std::string> ids;
    for (std::string line; std::getline(file, line);) ids.push_back(line.substr(0, line.find(' ')));
    return ids;
  }
  testing::Mailbox<plugin::SendOutcome> outcomes_;
};

TEST_F(Blocking, WhatWaitsForItsTurnKeepsItsTime) {
  for (const int concurrency : {1, 16}) {
    fs::remove(made_file());
    const auto instance = open_blocking(100ms, concurrency);
    ASSERT_TRUE(instance);
    EXPECT_EQ(instance->max_in_flight(), 1U) << "the pool has one thread";
    for (int i = 0; i < 24; ++i) deliver_to(*instance, 1500ms, "d" + std::to_string(i));
    for (int i = 0; i < 24; ++i) {
      const auto outcome = outcomes_.take();
      ASSERT_TRUE(outcome);
      EXPECT_EQ(outcome->code, OutcomeCode::delivered) << outcome->reason;
    }
    auto ids = made();
    EXPECT_EQ(ids.size(), 24U);
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 24U);
    EXPECT_TRUE(stop(*instance, 20s));
  }
}

TEST_F(Blocking, WhatIsTakenBackBeforeItBeginsIsNotBegun) {
  limits_.begin = 50ms;
  const auto instance = open_blocking(400ms, 1);
  ASSERT_TRUE(instance);
  deliver_to(*instance, 20s, "first");
  deliver_to(*instance, 20s, "second");
  const auto second = outcomes_.take();
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->not_started);
  EXPECT_FALSE(second->maybe_delivered);
  EXPECT_EQ(outcomes_.take()->code, OutcomeCode::delivered);
  EXPECT_TRUE(stop(*instance, 20s));
  EXPECT_EQ(made(), std::vector<std::string>{"first"});
  EXPECT_EQ(metrics_.value("completed_late"), 0);
}

TEST_F(Blocking, WorkThatOutlivesItsTimeKeepsItsPlaceAndTheSinkTakesNoMore) {
  const auto instance = open_blocking(1s, 1);
  ASSERT_TRUE(instance);
  deliver_to(*instance, 50ms, "first");
  const auto first = outcomes_.take();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->reason, "timeout");
  EXPECT_TRUE(first->maybe_delivered);
  EXPECT_FALSE(first->not_started);
  ASSERT_EQ(health_.take(), Health::hung);
  deliver_to(*instance, 20s, "first");
  const auto again = outcomes_.take();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->not_started) << "the first attempt may still deliver it";
  const auto late = late_.take();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->code, OutcomeCode::delivered);
  EXPECT_EQ(health_.take(), Health::running);
  deliver_to(*instance, 20s, "third");
  EXPECT_EQ(outcomes_.take()->code, OutcomeCode::delivered);
  EXPECT_EQ(made(), (std::vector<std::string>{"first", "third"}));
}

// With a concurrency of two the sink is not hung, so the second attempt waits for the work of the first to end. The strand is blocked until
// long after that.
TEST_F(Blocking, ALateDeliveryEndsTheNextAttemptBeforeItBegins) {
  const auto instance = open_blocking(300ms, 2);
  ASSERT_TRUE(instance);
  deliver_to(*instance, 50ms, "first");
  EXPECT_EQ(outcomes_.take()->reason, "timeout");
  deliver_to(*instance, 20s, "first");
  testing::Mailbox<int> answered;
  instance->handle_inbound({}, [&](const net::ServerResponse& response) { answered.put(response.status); });
  while (made().empty()) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(400ms);  // a second attempt that has begun would take 300 ms
  std::ofstream(made_file().string() + ".free") << "\n";
  const auto late = late_.take();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->code, OutcomeCode::delivered);
  const auto again = outcomes_.take();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->not_started) << again->reason;
  EXPECT_EQ(made().size(), 1U);
  EXPECT_TRUE(answered.take());
  EXPECT_TRUE(stop(*instance, 20s));
}

TEST_F(Blocking, StoppingGivesBackWhatHasNotBegun) {
  const auto instance = open_blocking(300ms, 1);
  ASSERT_TRUE(instance);
  for (const auto* id : {"first", "second", "third"}) deliver_to(*instance, 20s, id);
  EXPECT_TRUE(stop(*instance, 50ms));
  int back = 0;
  for (int i = 0; i < 3; ++i) back += outcomes_.take()->not_started ? 1 : 0;
  EXPECT_GE(back, 2);
  EXPECT_LE(made().size(), 1U);
  // Its work has not ended, so the instance is left behind and keeps itself alive. This pointer keeps it reachable for a leak checker.
  static const auto* volatile left_behind = new std::shared_ptr<plugin::Instance>(instance);
  EXPECT_NE(left_behind, nullptr);
}

TEST_F(Hostile, SlowCallsAreCountedAndNamed) {
  const auto instance = open("sleeps", {{"sleep_ms", 150}});
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message()).code, OutcomeCode::delivered);
  EXPECT_TRUE(metrics_.wait_for("slow_call"));
  EXPECT_TRUE(lines_.wait_for("the plugin blocks in its calls"));
  EXPECT_TRUE(lines_.wait_for("plugin=hostile call=deliver")) << lines_.all();
  EXPECT_EQ(deliver(*instance, message()).code, OutcomeCode::delivered);
  EXPECT_EQ(lines_.count("the plugin blocks in its calls"), 1U) << "at most one line a minute";
  EXPECT_EQ(instance->health(), Health::running);
}

TEST_F(Hostile, BadOutcome) {
  const auto instance = open("bad_outcome");
  ASSERT_TRUE(instance);
  const auto outcome = deliver(*instance, message());
  EXPECT_EQ(outcome.code, OutcomeCode::retry);
  EXPECT_EQ(outcome.reason, "unspecified");
  EXPECT_EQ(outcome.http_status, 0);
  EXPECT_EQ(outcome.limit_scope, model::LimitScope::credential);
  EXPECT_EQ(outcome.retry_after, base::Millis(std::chrono::days(7)));
  EXPECT_LE(outcome.detail.size(), 1000U);
  EXPECT_TRUE(outcome.detail.starts_with("\xEF\xBF\xBD"));
  EXPECT_EQ(outcome.receipt, "");
  EXPECT_TRUE(lines_.wait_for("kind=bad_outcome"));
}

TEST_F(Hostile, NullOutcome) {
  const auto instance = open("null_outcome");
  ASSERT_TRUE(instance);
  const auto outcome = deliver(*instance, message());
  EXPECT_EQ(outcome.code, OutcomeCode::retry);
  EXPECT_EQ(outcome.reason, "unspecified");
}

TEST_F(Hostile, BadCalls) {
  const auto instance = open("bad_calls");
  ASSERT_TRUE(instance);
  const auto outcome = deliver(*instance, message());
  EXPECT_EQ(outcome.code, OutcomeCode::delivered);
  EXPECT_EQ(outcome.reason, "ok");
  EXPECT_GE(metrics_.value("bad_ticket"), 5);
  EXPECT_GE(metrics_.value("bad_argument"), 8);
  EXPECT_EQ(http_->requests.size(), 0U);
}

// Each ends a delivery with the function for another kind of ticket.
class WrongCompletion : public Hostile, public ::testing::WithParamInterface<const char*> {};

TEST_P(WrongCompletion, IsCountedAndEndsNothing) {
  const auto instance = open("wrong_completion", {{"do", GetParam()}});
  ASSERT_TRUE(instance);
  for (const auto* id : {"first", "second"}) {
    const auto outcome = deliver(*instance, message(20s, id));
    EXPECT_EQ(outcome.code, OutcomeCode::delivered);
    EXPECT_EQ(outcome.detail, "completed properly");
  }
  EXPECT_EQ(metrics_.value("bad_ticket"), 2);
  EXPECT_EQ(instance->health(), Health::running);
  EXPECT_TRUE(stop(*instance, 20s));
}

INSTANTIATE_TEST_SUITE_P(Functions, WrongCompletion, ::testing::Values("reply", "settle", "stopped", "end"),
                         [](const auto& tested) { return std::string(tested.param); });

// Not hostile. The request is cancelled before its event could arrive.
class Cancels : public Hostile, public ::testing::WithParamInterface<const char*> {};

TEST_P(Cancels, NoEventFollowsExceptOfOffloadedWork) {
  const auto instance = open("cancels", {{"do", GetParam()}});
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message()).detail, "cancelled");
  const std::string what = GetParam();
  if (what == "http") {
    EXPECT_TRUE(http_->cancelled.take());
  } else if (what == "websocket") {
    const auto socket = websockets_->requests.take();
    ASSERT_TRUE(socket);
    EXPECT_TRUE((*socket)->closed.take());
  }
  EXPECT_TRUE(stop(*instance, 20s));
  EXPECT_EQ(lines_.count("plugin violation"), 0U) << lines_.all();
}

INSTANTIATE_TEST_SUITE_P(Requests, Cancels, ::testing::Values("timer", "http", "kv", "offload", "rate", "websocket"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_F(Hostile, AServiceBeforeTheStartIsRefused) {
  const auto instance = open("uses_service_early", {{"do", "unprobed"}});
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message()).detail, "no ticket");
  EXPECT_EQ(metrics_.value("too_early"), 1);
  EXPECT_EQ(instance->health(), Health::running);
}

TEST_F(Hostile, EveryEventBringsBackTheUserDataOfItsRequest) {
  const auto instance = open("user_data");
  ASSERT_TRUE(instance);
  testing::Mailbox<plugin::SendOutcome> outcomes;
  instance->deliver(message(), [&](plugin::SendOutcome outcome) { outcomes.put(std::move(outcome)); });
  const auto request = http_->requests.take();
  ASSERT_TRUE(request);
  http_->answer(request->id, net::ClientResponse{});
  const auto socket = websockets_->requests.take();
  ASSERT_TRUE(socket);
  (*socket)->emit({.kind = net::WebSocketEvent::Kind::open});
  (*socket)->emit({.kind = net::WebSocketEvent::Kind::closed});
  const auto outcome = outcomes.take();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->detail, "ok");
  EXPECT_EQ(lines_.count("plugin violation"), 0U) << lines_.all();
}

TEST_F(Hostile, AThreadOfThePluginWakesItsStrand) {
  const auto instance = open("wakes");
  ASSERT_TRUE(instance);
  for (const auto* id : {"first", "second"}) EXPECT_EQ(deliver(*instance, message(20s, id)).detail, "woken");
  EXPECT_TRUE(stop(*instance, 20s));
  EXPECT_EQ(lines_.count("plugin violation"), 0U) << lines_.all();
}

TEST_F(Hostile, ATypeIsCreatedByItsNameWhereverItStands) {
  const auto instance = open("changes_order");
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message()).detail, "the right type");
}

TEST_F(Hostile, AWriterThatThrowsOrIsNoneHasNotGotTheSecret) {
  const auto instance = open("throws_in_writer", {{"token", "correct-horse"}});
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message()).detail, "refused refused ");
  EXPECT_TRUE(lines_.wait_for("kind=threw"));
  expect_alive();
}

TEST_F(Hostile, FloodsTheLog) {
  const auto instance = open("floods_log");
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message()).code, OutcomeCode::delivered);
  EXPECT_LT(lines_.count("the same line again and again sink=sink"), 1000U);
  EXPECT_GE(lines_.count("the same line again and again sink=sink"), 100U);
  EXPECT_TRUE(lines_.wait_for("kind=log_flood"));
}

TEST_F(Hostile, NeverStops) {
  const auto instance = open("never_stops");
  ASSERT_TRUE(instance);
  EXPECT_TRUE(stop(*instance, 50ms));
  EXPECT_EQ(instance->health(), Health::stopped);
  EXPECT_TRUE(lines_.wait_for("kind=stop_timeout"));
  const auto outcome = deliver(*instance, message());
  EXPECT_EQ(outcome.reason, "stopped");
  EXPECT_FALSE(outcome.maybe_delivered);
  expect_alive();
}

TEST_F(Hostile, WaitsForARemoteThatDoesNotAnswerAndIsNotAccusedWhenItStops) {
  const auto instance = open("waits_for_remote");
  ASSERT_TRUE(instance);
  testing::Mailbox<plugin::SendOutcome> outcomes;
  instance->deliver(message(60s), [&](plugin::SendOutcome outcome) { outcomes.put(std::move(outcome)); });
  EXPECT_TRUE(stop(*instance, 2s));
  const auto outcome = outcomes.take();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->code, OutcomeCode::retry);
  EXPECT_EQ(outcome->reason, "stopped");
  EXPECT_TRUE(outcome->maybe_delivered);
  const auto late = late_.take();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->code, OutcomeCode::delivered);
  EXPECT_EQ(lines_.count("plugin violation"), 0U) << lines_.all();
}

TEST_F(Hostile, FailsStart) {
  install("fails_start");
  const auto checked = check(scan());
  ASSERT_TRUE(checked.sink);
  const auto instance = try_open(*checked.sink);
  ASSERT_FALSE(instance);
  EXPECT_THAT(instance.error().message, HasSubstr("fails_start.so: does not start: the moon is in the wrong house"));
  expect_alive();
}

TEST_F(Hostile, ReplacingTheFileDoesNotTouchWhatRuns) {
  const auto instance = open("plain");
  ASSERT_TRUE(instance);
  const fs::path file = directory_.path() / "plain.so";
  fs::resize_file(file, 0);  // truncating a mapped file would raise SIGBUS
  EXPECT_EQ(deliver(*instance, message()).code, OutcomeCode::delivered);
  EXPECT_THAT(scan().entries.at(0).refusal, HasSubstr("plain.so: cannot be loaded: "));
  // The same type from other code, beside the old one, as after a reload.
  fs::copy_file(built("never_completes"), file, fs::copy_options::overwrite_existing);
  const auto checked = check(scan());
  ASSERT_TRUE(checked.sink);
  const auto replacement = try_open(*checked.sink);
  ASSERT_TRUE(replacement);
  EXPECT_EQ(deliver(**replacement, message(50ms)).reason, "timeout");
  EXPECT_EQ(deliver(*instance, message()).code, OutcomeCode::delivered);
}

}  // namespace
}  // namespace belfry
