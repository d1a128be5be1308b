#include <gtest/gtest.h>

#include "app/operators/audit_log.hpp"
#include "app/operators/backend.hpp"
#include "core/delivery/lane_fixture.hpp"

namespace belfry::app {
namespace {

using delivery::answer_of;
using model::OutcomeCode;
using namespace std::chrono_literals;

const store::Operator kAda{"ada (uid 1000)", "Slack is back"};

// Sinks "slack" (to persons) and "channel" (to a fixed destination), whose outcome a test can change.
class OperatorsTest : public delivery::LaneFixture {
 protected:
  ~OperatorsTest() override {
    shut_down();
    jobs_.reset();
  }

  void SetUp() override {
    const auto script = [this](const auto&) { return succeeds_ ? delivery::delivered() : delivery::outcome(OutcomeCode::rejected); };
    add("slack", script);
    add("channel", script);
    plans_["channel"].addressing = {"channel", "C1"};
    start();
    auto live = std::make_shared<LiveConfig>();
    live->plans = plans_;
    for (const auto& [name, traits] : plans_) live->sinks[name] = {};
    auto planner = delivery::Planner::compile({}, plans_);
    ASSERT_TRUE(planner) << planner.error().message;
    live->pipeline = std::make_shared<delivery::Acceptor>(std::make_shared<const delivery::Planner>(std::move(*planner)), nullptr, *store_,
                                                          *dispatcher_, zones_, clock_, log_);
    live_.set(std::move(live));
    const OperatorServices services{runtime_,
                                    *store_,
                                    *dispatcher_,
                                    clock_,
                                    live_,
                                    log_,
                                    [this](auto action) { metrics_.add(std::string(action)); },
                                    stopping_.get_token()};
    jobs_ = std::make_shared<BulkJobs>(services);
    backend_ = operator_backend(services, jobs_);
  }

  // Accepts notifications for different persons, which the sink rejects.
  void make_dead_letters(int count) {
    succeeds_ = false;
    for (int i = 0; i < count; ++i) dead_.push_back(accept("slack", "user" + std::to_string(i) + "@example.com"));
    ASSERT_TRUE(metrics_.wait("delivery slack rejected", count));
    succeeds_ = true;
  }

  [[nodiscard]] api::BulkJob ended(const std::string& id) const {
    const auto until = std::chrono::steady_clock::now() + tests::kDeadline;
    auto job = backend_.job(id);
    while (job && job->state == api::BulkJob::State::running && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
      job = backend_.job(id);
    }
    return job.value_or(api::BulkJob{});
  }

  [[nodiscard]] std::vector<store::OperatorAction> audit() const {
    return answer_of<std::vector<store::OperatorAction>>([&](auto handler) { backend_.audit(0, 1000, std::move(handler)); }).value();
  }

  [[nodiscard]] std::vector<store::ListedDelivery> listed(store::Filter filter) const {
    return answer_of<store::DeliveryPage>([&](auto handler) { backend_.list(std::move(filter), {.limit = 1000}, std::move(handler)); })
        .value()
        .deliveries;
  }

  [[nodiscard]] base::Result<api::Sent> send(api::TestNotification message) const {
    return answer_of<api::Sent>([&](auto handler) { backend_.send(std::move(message), kAda, std::move(handler)); });
  }

  static constexpr store::ListedState kDead = store::ListedState::dead;

  std::atomic<bool> succeeds_ = true;
  std::vector<std::string> dead_;
  std::stop_source stopping_;
  Published<LiveConfig> live_;
  std::shared_ptr<BulkJobs> jobs_;
  api::OperatorBackend backend_;
};

TEST_F(OperatorsTest, ABulkRetryDeliversEveryDeadLetterOnce) {
  constexpr int kCount = 2 * static_cast<int>(BulkJobs::kBatchSize) + 50;
  make_dead_letters(kCount);
  const auto begun = backend_.begin_job(api::BulkAction::retry, {.state = kDead}, kAda);
  ASSERT_TRUE(begun) << begun.error().message;
  const auto job = ended(begun->id);
  EXPECT_EQ(job.state, api::BulkJob::State::done) << job.error;
  EXPECT_EQ(job.changed, static_cast<std::uint64_t>(kCount));
  EXPECT_EQ(job.unchanged, 0U);
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", kCount));
  EXPECT_EQ(channel("slack").seen().sent.size(), 2U * kCount) << "once in vain, and once after the retry";
  EXPECT_TRUE(listed({.state = kDead}).empty());
  const auto actions = audit();
  ASSERT_EQ(actions.size(), 3U) << "one for each batch";
  EXPECT_EQ(actions.front().action, "retry");
  EXPECT_EQ(actions.front().by, kAda.name);
  EXPECT_EQ(actions.front().reason, kAda.reason);
}

TEST_F(OperatorsTest, ABulkDiscardKeepsToItsFilter) {
  make_dead_letters(5);
  const store::Filter one{.state = kDead, .email = "User3@example.com"};
  const auto counted = answer_of<api::BulkCount>([&](auto handler) { backend_.count(one, std::move(handler)); });
  EXPECT_EQ(counted->count, 1U);
  EXPECT_TRUE(counted->complete);
  const auto begun = backend_.begin_job(api::BulkAction::discard, one, kAda);
  EXPECT_EQ(ended(begun->id).changed, 1U);
  EXPECT_EQ(listed({.state = kDead}).size(), 4U);
  const auto discarded = listed({.state = store::ListedState::discarded});
  ASSERT_EQ(discarded.size(), 1U);
  EXPECT_EQ(discarded.front().email, "user3@example.com");
}

TEST_F(OperatorsTest, OneJobRunsAtATime) {
  std::promise<void> held;
  store_->ping([waiting = held.get_future().share()](const auto&) { waiting.wait(); });
  const auto first = backend_.begin_job(api::BulkAction::retry, {.state = kDead}, kAda);
  ASSERT_TRUE(first);
  const auto second = backend_.begin_job(api::BulkAction::discard, {.state = kDead}, kAda);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("the bulk retry " + first->id + " is running"), std::string::npos) << second.error().message;
  held.set_value();
  EXPECT_EQ(ended(first->id).state, api::BulkJob::State::done);
  EXPECT_TRUE(backend_.begin_job(api::BulkAction::retry, {.state = kDead}, kAda));
  EXPECT_FALSE(backend_.job("unknown"));
}

TEST_F(OperatorsTest, AJobEndsWhenTheGatewayStops) {
  stopping_.request_stop();
  const auto begun = backend_.begin_job(api::BulkAction::retry, {.state = kDead}, kAda);
  const auto job = ended(begun->id);
  EXPECT_EQ(job.state, api::BulkJob::State::failed);
  EXPECT_NE(job.error.find("the gateway is stopping"), std::string::npos);
}

TEST_F(OperatorsTest, AJobEndsWhenTheStoreFails) {
  store_->close();
  const auto begun = backend_.begin_job(api::BulkAction::retry, {.state = kDead}, kAda);
  EXPECT_EQ(ended(begun->id).state, api::BulkJob::State::failed);
}

TEST_F(OperatorsTest, ShowsAndExplainsADeadLetter) {
  make_dead_letters(1);
  const auto shown =
      answer_of<std::vector<api::ShownNotification>>([&](auto handler) { backend_.show(dead_.front(), std::move(handler)); });
  ASSERT_TRUE(shown) << shown.error().message;
  ASSERT_EQ(shown->size(), 1U);
  const auto& match = shown->front();
  ASSERT_EQ(match.deliveries.size(), 1U);
  EXPECT_EQ(match.deliveries.front().state, kDead);
  EXPECT_EQ(match.deliveries.front().email, "user0@example.com");
  EXPECT_EQ(match.attempts.size(), 1U);
  EXPECT_FALSE(match.erased);
  EXPECT_FALSE(match.explanation.empty());

  const auto explain = [&](api::WhyQuery query) {
    return answer_of<api::WhyAnswer>([&](auto handler) { backend_.why(std::move(query), std::move(handler)); }).value();
  };
  EXPECT_EQ(explain({.to = "USER0@example.com", .since = clock_.now() - 1h}).explanations.size(), 1U);
  EXPECT_EQ(explain({.id = match.deliveries.front().delivery.id}).explanations.size(), 1U);
  const auto nobody = explain({.to = "nobody@example.com", .since = clock_.now() - 1h});
  EXPECT_TRUE(nobody.explanations.empty());
  EXPECT_NE(nobody.text.find("nobody@example.com"), std::string::npos) << nobody.text;
  const auto unknown = explain({.id = "no\nsuch"});
  EXPECT_EQ(unknown.text.find('\n'), std::string::npos) << unknown.text;
  const auto missing = answer_of<std::vector<api::ShownNotification>>([&](auto handler) { backend_.show("unknown", std::move(handler)); });
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::ErrorCode::not_found);
}

TEST_F(OperatorsTest, ATestNotificationGoesToPersonsUnlessASinkIsNamed) {
  const auto sent = send({.to = "Ada@example.com"});
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(sent->deliveries.size(), 1U);
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 1));
  const auto stored = history(sent->notification);
  EXPECT_EQ(stored.notification.source, "belfry");
  EXPECT_EQ(stored.notification.title, "Test notification from Belfry");
  EXPECT_EQ(stored.deliveries.front().id, sent->deliveries.front());
  EXPECT_EQ(stored.deliveries.front().destination.key(), "direct:ada@example.com");

  ASSERT_TRUE(send({.to = "ada@example.com", .sink = "channel", .title = "Hello"}));
  EXPECT_TRUE(metrics_.wait("delivery channel delivered", 1));
  const auto refused = send({.to = "ada@example.com", .sink = "teams"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::invalid);
  EXPECT_NE(refused.error().message.find("the sinks are channel, slack"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(metrics_.wait("send", 2));
  EXPECT_EQ(audit().front().action, "send");
}

TEST_F(OperatorsTest, TheLogLevelChangesForEveryLoggerAndIsRecorded) {
  const auto elsewhere = log_.named("elsewhere");
  backend_.change_log_level(base::LogLevel::error, kAda);
  EXPECT_EQ(backend_.log_level(), base::LogLevel::error);
  EXPECT_FALSE(elsewhere.enabled(base::LogLevel::warn));
  const auto actions = audit();
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions.front().action, "log_level");
  EXPECT_EQ(actions.front().subject, "from debug to error");
}

TEST_F(OperatorsTest, WhatAnOperatorDoesToTheGatewayIsRecorded) {
  api::AdminBackend gateway;
  gateway.release = [](const std::string& sink, const store::Operator&, auto answer) { answer(sink == "slack", nlohmann::json()); };
  gateway.reload = [](const store::Operator&, auto answer) { answer(false, nlohmann::json()); };
  gateway.backup.begin = [](const store::Operator&) -> base::Result<nlohmann::json> {
    return base::fail(base::ErrorCode::unavailable, "another backup is in progress");
  };
  record_gateway_actions(gateway, {runtime_, *store_, *dispatcher_, clock_, live_, log_, {}, {}});
  gateway.release("slack", kAda, [](bool, const auto&) {});
  gateway.release("hung", kAda, [](bool, const auto&) {});
  gateway.reload(kAda, [](bool, const auto&) {});
  EXPECT_FALSE(gateway.backup.begin(kAda));
  const auto actions = audit();
  ASSERT_EQ(actions.size(), 2U) << "only what took effect";
  EXPECT_EQ(actions[1].subject, "sink slack");
  EXPECT_EQ(actions[0].action, "reload");
  EXPECT_EQ(actions[0].subject, "rejected");
}

}  // namespace
}  // namespace belfry::app
