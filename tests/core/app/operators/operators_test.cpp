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
    use_rules({});
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

  void use_rules(model::PipelineRules rules) {
    auto live = std::make_shared<LiveConfig>();
    live->plans = plans_;
    for (const auto& [name, traits] : plans_) live->sinks[name] = {};
    auto planner = delivery::Planner::compile(std::move(rules), plans_);
    ASSERT_TRUE(planner) << planner.error().message;
    live->pipeline = std::make_shared<delivery::Acceptor>(std::make_shared<const delivery::Planner>(std::move(*planner)), nullptr, *store_,
                                                          *dispatcher_, zones_, clock_, log_);
    live_.set(std::move(live));
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

  // By the rules in use.
  void store_notification(const std::string& id, base::Millis age = {}) {
    model::Notification notification;
    notification.id = id;
    notification.source = "coder";
    notification.msg_id = "msg-" + id;
    notification.received_at = clock_.now() - age;
    notification.name = "Workspace Created";
    notification.title = "title of " + id;
    notification.recipient.email = "ada@example.com";
    ASSERT_TRUE(
        answer_of<store::Accepted>([&](auto handler) { live_.get()->pipeline->accept(std::move(notification), std::move(handler)); }));
  }

  [[nodiscard]] base::Result<store::Changed> retry(const std::string& id) const {
    return answer_of<store::Changed>([&](auto handler) { backend_.change(api::BulkAction::retry, {id}, kAda, std::move(handler)); });
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

model::RouteRule route_to(const std::string& sink, const std::string& name) {
  return {.name = name, .location = "belfry.yaml:9:5", .to = {{.sink = sink}}};
}

model::Condition named(const std::string& event) { return {.comparisons = {{.path = "name", .text = event}}}; }

TEST_F(OperatorsTest, ATestNotificationGoesWhereTheRoutesSendIt) {
  auto first = route_to("channel", "failures");
  first.when = named("Workspace Failed");
  use_rules({.routes = {first, route_to("slack", "everyone")}});
  const auto sent = send({.to = "Ada@example.com"});
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 1));
  const auto stored = history(sent->notification);
  EXPECT_EQ(stored.notification.source, "belfry");
  EXPECT_EQ(stored.notification.name, "Test notification");
  EXPECT_EQ(stored.notification.title, "Test notification from Belfry");
  ASSERT_EQ(stored.deliveries.size(), 1U);
  EXPECT_EQ(sent->deliveries, std::vector{stored.deliveries.front().id});
  EXPECT_EQ(stored.deliveries.front().route, "everyone");
  EXPECT_EQ(stored.deliveries.front().destination.key(), "direct:ada@example.com");
  EXPECT_EQ(audit().front().action, "send");
  EXPECT_EQ(audit().front().subject, "notification " + sent->notification + " to slack");
  EXPECT_TRUE(metrics_.wait("send", 1));
}

TEST_F(OperatorsTest, ATestNotificationForANamedSinkPassesTheRules) {
  use_rules({.processors = {{.name = "mute", .location = "belfry.yaml:4:5", .drop = "not today"}}, .routes = {route_to("slack", "all")}});
  const auto sent = send({.to = "ada@example.com", .sink = "channel", .title = "Hello"});
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_TRUE(metrics_.wait("delivery channel delivered", 1));
  const auto stored = history(sent->notification);
  EXPECT_EQ(sent->deliveries, std::vector{stored.deliveries.front().id});
  EXPECT_TRUE(stored.deliveries.front().route.empty());
  const auto refused = send({.to = "ada@example.com", .sink = "teams"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::invalid);
  EXPECT_NE(refused.error().message.find("the sinks are channel, slack"), std::string::npos) << refused.error().message;
}

TEST_F(OperatorsTest, ATestNotificationThatTheRulesSendNowhereIsRefusedAndNotStored) {
  auto failures = route_to("slack", "failures");
  failures.when = named("Workspace Failed");
  const auto mute = model::ProcessorRule{.name = "mute", .location = "belfry.yaml:4:5", .drop = "not today"};
  auto to_channel = route_to("channel", "ops");
  struct Case {
    model::PipelineRules rules;
    const char* why;
  };
  for (const auto& [rules, why] : std::vector<Case>{
           {{.processors = {mute}, .routes = {route_to("slack", "everyone")}}, R"(it is dropped by processor "mute": not today)"},
           {{.routes = {failures}}, R"(no route takes it: route "failures" at belfry.yaml:9:5: name is "Test notification")"},
           {{.processors = {{.name = "hide", .set = {{.path = "sensitive", .flag = true}}}}, .routes = {to_channel}},
            R"(no route sends it: sensitive: kept out of shared destination C1 of sink channel that route "ops" chose)"},
           {{}, "no route takes it; nothing was sent"}}) {
    use_rules(rules);
    const auto refused = send({.to = "ada@example.com"});
    ASSERT_FALSE(refused) << why;
    EXPECT_EQ(refused.error().code, base::ErrorCode::invalid);
    EXPECT_NE(refused.error().message.find(why), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find("name a sink with --sink: channel, slack"), std::string::npos) << refused.error().message;
  }
  EXPECT_TRUE(audit().empty());
  EXPECT_TRUE(listed({}).empty());
  EXPECT_EQ(store_->stats(clock_.now()).unrouted, 0U);
}

TEST_F(OperatorsTest, DedupeSwallowsNoTestNotification) {
  use_rules({.processors = {{.name = "once", .dedupe = model::Dedupe{"{{name}}", 24h}}}, .routes = {route_to("slack", "everyone")}});
  for (int i = 1; i <= 2; ++i) {
    const auto sent = send({.to = "ada@example.com"});
    ASSERT_TRUE(sent) << sent.error().message;
    EXPECT_EQ(sent->deliveries.size(), 1U);
    EXPECT_TRUE(metrics_.wait("delivery slack delivered", i));
  }
}

TEST_F(OperatorsTest, ATestNotificationThatADigestCollectsHasItsDelivery) {
  auto collected = route_to("slack", "everyone");
  collected.timing.digest = model::DigestRule{.key = "", .window = 1h};
  use_rules({.routes = {collected}});
  const auto first = send({.to = "ada@example.com"});
  const auto second = send({.to = "ada@example.com"});
  ASSERT_TRUE(first && second);
  ASSERT_EQ(first->deliveries.size(), 1U);
  EXPECT_EQ(second->deliveries, first->deliveries) << "it joined the digest of the first";
}

TEST_F(OperatorsTest, ARetryOfADroppedNotificationRoutesItByThePresentRules) {
  const auto mute = model::ProcessorRule{.name = "mute", .location = "belfry.yaml:4:5", .drop = "not today"};
  use_rules({.processors = {mute}, .routes = {route_to("slack", "everyone")}});
  store_notification("n1", 48h);
  const auto still = retry("msg-n1");
  ASSERT_TRUE(still) << still.error().message;
  EXPECT_TRUE(still->changed.empty());
  ASSERT_EQ(still->unchanged.size(), 1U);
  EXPECT_EQ(still->unchanged[0].delivery_id, "msg-n1");
  EXPECT_NE(still->unchanged[0].why.find(R"(it is dropped by processor "mute": not today)"), std::string::npos) << still->unchanged[0].why;
  EXPECT_NE(still->unchanged[0].why.find("belfry send"), std::string::npos) << still->unchanged[0].why;
  EXPECT_TRUE(audit().empty());

  use_rules({.routes = {route_to("slack", "everyone")}});
  const auto changed = retry("n1");
  ASSERT_TRUE(changed) << changed.error().message;
  ASSERT_EQ(changed->changed.size(), 1U);
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 1)) << "with a fresh max_age";
  const auto stored = history("n1");
  EXPECT_LT(stored.notification.received_at, clock_.now() - 47h);
  ASSERT_EQ(stored.deliveries.size(), 1U);
  EXPECT_EQ(stored.deliveries[0].id, changed->changed[0]);
  EXPECT_EQ(stored.deliveries[0].route, "everyone");
  ASSERT_EQ(audit().size(), 1U);
  EXPECT_EQ(audit()[0].action, "retry");
  EXPECT_EQ(audit()[0].by, kAda.name);
  EXPECT_TRUE(metrics_.wait("retry", 1));

  const auto again = retry("n1");
  EXPECT_TRUE(again->changed.empty());
  EXPECT_EQ(again->unchanged, (std::vector<store::Unchanged>{{changed->changed[0], "was delivered"}}));
}

TEST_F(OperatorsTest, ARetryRoutesTheOriginalNotification) {
  const auto set = model::ProcessorRule{.name = "calm", .location = "belfry.yaml:4:5", .set = {{.path = "severity", .text = "info"}}};
  const auto mute = model::ProcessorRule{.name = "mute", .location = "belfry.yaml:5:5", .drop = "not today"};
  use_rules({.processors = {set, mute}, .routes = {route_to("slack", "everyone")}});
  store_notification("n1");
  use_rules({.routes = {route_to("slack", "everyone")}});
  ASSERT_EQ(retry("n1")->changed.size(), 1U);
  EXPECT_EQ(history("n1").notification.severity, "") << "no rule sets it now";
}

TEST_F(OperatorsTest, ARetryOfANotificationRetriesItsDeadLetters) {
  use_rules({.routes = {route_to("slack", "everyone")}});
  succeeds_ = false;
  store_notification("n1");
  ASSERT_TRUE(metrics_.wait("delivery slack rejected", 1));
  succeeds_ = true;
  const auto changed = retry("msg-n1");
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->changed, std::vector{history("n1").deliveries.at(0).id});
  EXPECT_TRUE(metrics_.wait("delivery slack delivered", 1));
  const auto unknown = retry("n2");
  ASSERT_EQ(unknown->unchanged.size(), 1U);
  EXPECT_TRUE(unknown->unchanged[0].why.starts_with("does not exist")) << unknown->unchanged[0].why;
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
  gateway.release = [](const std::string& sink, const store::Operator&, auto answer) {
    answer(sink != "hung", nlohmann::json{{"released", sink == "slack"}});
  };
  gateway.reload = [](const store::Operator&, auto answer) { answer(false, nlohmann::json()); };
  gateway.backup.begin = [](const store::Operator&) -> base::Result<nlohmann::json> {
    return base::fail(base::ErrorCode::unavailable, "another backup is in progress");
  };
  record_gateway_actions(gateway, {runtime_, *store_, *dispatcher_, clock_, live_, log_, {}, {}});
  gateway.release("slack", kAda, [](bool, const auto&) {});
  gateway.release("open", kAda, [](bool done, const auto&) { EXPECT_TRUE(done); });
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
