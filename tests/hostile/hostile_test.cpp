// Plugins that break the contract while they run: each has its outcome, its log line and its counter, and the gateway goes on.
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
  testing::Mailbox<model::Outcome> outcomes;
  instance->deliver(message(20s, "first"), [&](model::Outcome outcome) { outcomes.put(std::move(outcome)); });
  // Waits behind the first: never given, so it cannot have arrived.
  instance->deliver(message(100ms, "second"), [&](model::Outcome outcome) { outcomes.put(std::move(outcome)); });
  ASSERT_EQ(health_.take(), Health::hung);
  EXPECT_EQ(plugins_.threads(), 2U);
  EXPECT_EQ(metrics_.value("hung"), 1);
  int status = 0;
  instance->handle_inbound({}, [&](const net::ServerResponse& response) { status = response.status; });
  EXPECT_EQ(status, 503);
  const auto second = outcomes.take();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->reason, "timeout");
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
  EXPECT_EQ(http_->asked.size(), 0U);
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
  fs::resize_file(file, 0);  // truncating a mapped file would be a SIGBUS
  EXPECT_EQ(deliver(*instance, message()).code, OutcomeCode::delivered);
  EXPECT_THAT(scan().entries.at(0).refusal, HasSubstr("plain.so: cannot be loaded: "));
  // The same type from other code, beside the old one: what reload does.
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
