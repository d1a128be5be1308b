// The services of the host, as a sink uses them.
#include <gmock/gmock.h>

#include <thread>

#include "sdk/probe.hpp"

namespace belfry::testkit {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

Outcome note(std::string text) { return Outcome::retry("note", std::move(text)); }

TEST_F(ProbeTest, HttpSendsWhatItWasGiven) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    auto request = HttpRequest("PUT", "https://a.example/x?y=z", "body").with("X-One", "1").with("X-Two", "2");
    request.timeout = seconds(3);
    const auto result = co_await sink.http().send(std::move(request));
    co_return note(result.body + std::string(result.header("x-answer")));
  });
  fake.expect("PUT", "a.example/x?y=z", Response::of(200, "yes", {{"X-Answer", "42"}}));
  const auto ticket = fake.deliver(notification());
  EXPECT_EQ(fake.settle(ticket).detail, "yes42");
  ASSERT_EQ(fake.requests().size(), 1U);
  const auto& request = fake.requests().front();
  EXPECT_EQ(request.body, "body");
  EXPECT_EQ(request.timeout, seconds(3));
  EXPECT_EQ(request.on_behalf_of, ticket);
  EXPECT_THAT(request.headers, ElementsAre(Header{"X-One", "1"}, Header{"X-Two", "2"}));
  EXPECT_EQ(fake.unmet_expectations(), 0U);
}

TEST_F(ProbeTest, AnAnswerAfterTheTimeLimitIsATimeout) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    auto request = HttpRequest::get("https://a.example/");
    request.timeout = seconds(2);
    co_return http_outcome(co_await sink.http().send(std::move(request)));
  });
  fake.on("GET", "a.example", Response::of(200).delayed(seconds(3)));
  EXPECT_EQ(fake.deliver_and_settle(notification()).reason, "timeout");
}

TEST_F(ProbeTest, SleepTakesAsLongAsItSays) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    const auto before = sink.clock().now();
    co_await sink.clock().sleep_for(seconds(7));
    co_await sink.clock().sleep_for(Millis(-5));
    co_return note(std::to_string((sink.clock().now() - before).count()));
  });
  EXPECT_EQ(fake.deliver_and_settle(notification()).detail, "7000");
}

TEST_F(ProbeTest, KvComparesAndSets) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    const auto kv = sink.kv();
    const auto absent = co_await kv.get("k");
    const auto first = co_await kv.put_durable("k", "1", 0);
    const auto refused = co_await kv.put_durable("k", "2", 0);
    const auto second = co_await kv.put_durable("k", "3", first.version);
    const auto read = co_await kv.get("k");
    kv.put("cache", "x");
    const auto erased = co_await kv.erase("k");
    const auto other = co_await sink.kv(Scope::account).get("cache");
    using enum KvResult::Status;
    co_return note(std::to_string(absent.status == not_found) + std::to_string(first.ok()) + std::to_string(refused.status == conflict) +
                   std::to_string(second.ok()) + read.value + std::to_string(erased.ok()) + std::to_string(other.status == not_found));
  });
  EXPECT_EQ(fake.deliver_and_settle(notification()).detail, "1111311");
  EXPECT_THAT(fake.kv(), ElementsAre(testing::Pair(FakeHost::KvKey{Scope::sink, "cache"}, "x")));
}

TEST_F(ProbeTest, TimeZonesOfRecipientsAreTold) {
  auto& fake = host([](Probe& sink, Message message) -> Task<Outcome> {
    sink.recipients().set_time_zone(message.item().recipient.email, "Asia/Tokyo");
    sink.recipients().set_time_zone("other@coder.com", "UTC");
    sink.recipients().set_time_zone("other@coder.com", "Europe/Berlin");
    co_return Outcome::delivered();
  });
  nlohmann::json document = notification();
  document["items"][0]["recipient"]["email"] = "Bobby@Coder.com";
  EXPECT_EQ(fake.deliver_and_settle(document).code, Outcome::Code::delivered);
  EXPECT_THAT(fake.time_zones(),
              ElementsAre(testing::Pair("Bobby@Coder.com", "Asia/Tokyo"), testing::Pair("other@coder.com", "Europe/Berlin")));
}

TEST_F(ProbeTest, WhatCannotBeATimeZoneOfARecipientIsAViolation) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    sink.recipients().set_time_zone("", "UTC");
    sink.recipients().set_time_zone(std::string(255, 'x'), "UTC");
    sink.recipients().set_time_zone("bobby@coder.com", "");
    sink.recipients().set_time_zone("bobby@coder.com", std::string(65, 'x'));
    co_return Outcome::delivered();
  });
  static_cast<void>(fake.deliver_and_settle(notification()));
  EXPECT_THAT(fake.time_zones(), IsEmpty());
  EXPECT_EQ(fake.violations().size(), 4U);
}

TEST_F(ProbeTest, AHostThatKnowsNoRecipientsIsNoReasonToFail) {
  host_.remove_service(BELFRY_HOST_RECIPIENTS_1);
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    sink.recipients().set_time_zone("bobby@coder.com", "UTC");
    co_return Outcome::delivered();
  });
  EXPECT_EQ(fake.deliver_and_settle(notification()).code, Outcome::Code::delivered);
}

TEST_F(ProbeTest, AFailingStoreIsSeen) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    const auto put = co_await sink.kv().put_durable("k", "1");
    co_return note(put.status == KvResult::Status::failed ? "failed" : "ok");
  });
  fake.fail_kv(true);
  EXPECT_EQ(fake.deliver_and_settle(notification()).detail, "failed");
}

TEST_F(ProbeTest, BucketsAreNamedAndGrantedInOrder) {
  Probe::on_start = [](Probe& sink) { sink.rate_limit().define({Scope::account, "m"}, 50, minutes(1), 20); };
  auto& fake = host([](Probe& sink, Message message) -> Task<Outcome> {
    const BucketKey bucket(Scope::account, "m", message.delivery_id());
    co_await sink.rate_limit().acquire(bucket);
    sink.rate_limit().report_limited(bucket, seconds(9));
    co_return Outcome::delivered();
  });
  fake.hold_grants(true);
  const auto a = fake.deliver(notification("a"));
  const auto b = fake.deliver(notification("b"));
  EXPECT_TRUE(fake.grant());
  EXPECT_TRUE(fake.outcome(a));
  EXPECT_FALSE(fake.outcome(b));
  EXPECT_TRUE(fake.grant());
  EXPECT_TRUE(fake.outcome(b));
  EXPECT_FALSE(fake.grant());
  ASSERT_EQ(fake.defined().size(), 1U);
  EXPECT_EQ(fake.defined()[0].events, 50U);
  EXPECT_EQ(fake.defined()[0].period, minutes(1));
  EXPECT_EQ(fake.defined()[0].burst, 20U);
  ASSERT_EQ(fake.reported_limits().size(), 2U);
  EXPECT_EQ(fake.reported_limits()[1].bucket.destination, "b");
  EXPECT_EQ(fake.reported_limits()[1].bucket.scope, Scope::account);
  EXPECT_EQ(fake.reported_limits()[1].after, seconds(9));
}

TEST_F(ProbeTest, OffloadRunsElsewhereAndReturnsHere) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    const auto strand = std::this_thread::get_id();
    auto text = std::make_unique<std::string>("moved only");
    auto work = [text = std::move(text), strand] { return *text + (std::this_thread::get_id() == strand ? " here" : " elsewhere"); };
    const auto result = co_await sink.offload().run(std::move(work));
    auto nothing = [] {};
    co_await sink.offload().run(nothing);
    co_return note(result + (std::this_thread::get_id() == strand ? ", back" : ", lost"));
  });
  EXPECT_EQ(fake.deliver_and_settle(notification()).detail, "moved only elsewhere, back");
}

TEST_F(ProbeTest, OffloadBringsExceptionsBack) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    auto work = []() -> int { throw std::runtime_error("on the pool"); };
    co_return note(std::to_string(co_await sink.offload().run(std::move(work))));
  });
  EXPECT_EQ(fake.deliver_and_settle(notification()), Outcome::retry("plugin_threw", "on the pool"));
}

TEST_F(ProbeTest, SecretsAreRevealedAtUse) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    co_return note(std::to_string(sink.secret.reveal().size()) + ' ' + sink.secret.reference());
  });
  EXPECT_EQ(fake.deliver_and_settle(notification()).detail, "13 secret:fake/secret");
  fake.rotate_secret("correct-horse", "battery");
  EXPECT_EQ(fake.deliver_and_settle(notification()).detail, "7 secret:fake/secret");
  EXPECT_THAT(fake.violations(), IsEmpty());
}

TEST_F(ProbeTest, ALeakedSecretIsSeen) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    sink.log().warn("token " + sink.secret.reveal());
    co_return Outcome::delivered({{"id", sink.secret.reveal()}});
  });
  fake.deliver_and_settle(notification());
  EXPECT_THAT(fake.violations(), ElementsAre("secret_leaked: a secret appears in the log", "secret_leaked: a secret appears in a receipt"));
}

TEST_F(ProbeTest, AnUnknownSecretIsMisconfigured) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> { co_return note(Secret().reveal() + sink.stale.reveal()); });
  EXPECT_EQ(fake.deliver_and_settle(notification()),
            Outcome::misconfigured("secret_unknown", "the gateway has no secret named secret:gone"));
}

// Uses a service in configure(), before services are available.
class TooEarly final : public Sink {
 public:
  static inline void (*use)(TooEarly&, const Config&) = nullptr;
  Findings configure(const Config& config) override {
    use(*this, config);
    return {};
  }
  Task<Outcome> deliver(Message) override { co_return Outcome::delivered(); }
  using Sink::clock;
  using Sink::kv;
  using Sink::rate_limit;
};
constexpr sdk::PluginInfo kTooEarlyInfo{
    .type = "too-early",
    .config_schema_json = R"({"type":"object","properties":{"secret":{"type":"string","x-secret":true,"default":"correct-horse"}}})",
    .services = {BELFRY_HOST_KV_1, BELFRY_HOST_RATE_LIMIT_1}};

TEST(TooEarlyTest, TheSentenceSaysWhenServicesMayBeUsed) {
  const std::pair<void (*)(TooEarly&, const Config&), std::string> cases[] = {
      {[](TooEarly&, const Config& config) { static_cast<void>(config.secret("secret").reveal()); }, BELFRY_HOST_SECRETS_1},
      {[](TooEarly& sink, const Config&) { static_cast<void>(sink.clock().now()); }, BELFRY_HOST_CLOCK_1},
      {[](TooEarly& sink, const Config&) { sink.kv().put("key", "value"); }, BELFRY_HOST_KV_1},
      {[](TooEarly& sink, const Config&) { sink.rate_limit().report_limited({}, Millis(1)); }, BELFRY_HOST_RATE_LIMIT_1}};
  for (const auto& [use, service] : cases) {
    TooEarly::use = use;
    FakeHost host(sdk::detail::Entry<TooEarly, kTooEarlyInfo>::table());
    const auto configured = host.configure(nlohmann::json::object());
    ASSERT_FALSE(configured) << service;
    EXPECT_EQ(configured.error().at(0).text, "the plugin failed to read its configuration: the plugin uses " + service +
                                                 " before start(); services may be used from start() on");
  }
}

// Names none of the services that it uses.
class Undeclared final : public Sink {
 public:
  Findings configure(const Config& config) override {
    secret_ = config.secret("secret");
    return {};
  }
  Task<Outcome> deliver(Message message) override {
    const std::string& service = message.delivery_id();
    if (service == BELFRY_HOST_HTTP_CLIENT_1) co_await http().get("https://a.example/");
    if (service == BELFRY_HOST_KV_1) co_await kv().get("key");
    if (service == BELFRY_HOST_RATE_LIMIT_1) co_await rate_limit().acquire(BucketKey());
    if (service == BELFRY_HOST_WEBSOCKET_1) co_await websocket().connect(WebSocketRequest("wss://a.example/"));
    auto work = [] {};
    if (service == BELFRY_HOST_OFFLOAD_1) co_await offload().run(work);
    recipients().set_time_zone("bobby@coder.com", "UTC");
    log().info("it is late");
    metrics().add("hits");
    co_await clock().sleep_for(seconds(1));
    co_return note(secret_.reveal().empty() ? "no secret" : "a secret");
  }

 private:
  Secret secret_;
};
constexpr sdk::PluginInfo kUndeclaredInfo{
    .type = "undeclared",
    .config_schema_json = R"({"type":"object","properties":{"secret":{"type":"string","x-secret":true,"default":"correct-horse"}}})"};

TEST(UndeclaredTest, AServiceThatIsNotNamedIsUnavailable) {
  FakeHost host(sdk::detail::Entry<Undeclared, kUndeclaredInfo>::table());
  ASSERT_TRUE(host.configure(nlohmann::json::object()));
  ASSERT_TRUE(host.start());
  for (const std::string service :
       {BELFRY_HOST_HTTP_CLIENT_1, BELFRY_HOST_KV_1, BELFRY_HOST_RATE_LIMIT_1, BELFRY_HOST_WEBSOCKET_1, BELFRY_HOST_OFFLOAD_1}) {
    EXPECT_EQ(host.deliver_and_settle(notification(service)),
              Outcome::misconfigured("service_undeclared",
                                     "the plugin uses " + service + " without naming it in its services; this is its defect"));
  }
  EXPECT_THAT(host.violations(), IsEmpty()) << "the host is not even called";
}

TEST(UndeclaredTest, LogClockMetricsAndSecretsNeedNotBeNamed) {
  FakeHost host(sdk::detail::Entry<Undeclared, kUndeclaredInfo>::table());
  ASSERT_TRUE(host.configure(nlohmann::json::object()));
  ASSERT_TRUE(host.start());
  EXPECT_EQ(host.deliver_and_settle(notification()).detail, "a secret");
  EXPECT_TRUE(host.logged("it is late"));
  EXPECT_EQ(host.counter("hits"), 1);
  EXPECT_THAT(host.time_zones(), IsEmpty()) << "a report that nobody receives";
  EXPECT_THAT(host.violations(), IsEmpty());
}

TEST_F(ProbeTest, LogsAndMetrics) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    sink.log().debug("d");
    sink.log().error("e");
    sink.metrics().add("hits");
    sink.metrics().add("hits", 2);
    sink.metrics().set("depth", 4);
    co_return Outcome::delivered();
  });
  fake.deliver_and_settle(notification());
  EXPECT_THAT(fake.log(), ElementsAre(Field(&FakeHost::LogLine::level, BELFRY_LOG_DEBUG), Field(&FakeHost::LogLine::text, "e")));
  EXPECT_EQ(fake.counter("hits"), 3);
  EXPECT_EQ(fake.gauge("depth"), 4);
  EXPECT_EQ(fake.gauge("none"), std::nullopt);
}

TEST_F(ProbeTest, SpawnedTasksRunBesideAndTheirErrorsAreLogged) {
  Probe::on_start = [](Probe& sink) {
    constexpr auto tick = [](Probe& p) -> Task<> {
      const MonotonicTime begun = p.clock().monotonic();
      for (;;) {
        co_await p.clock().sleep_for(seconds(10));
        p.metrics().add("ticks");
        if (p.clock().monotonic() - begun == seconds(30)) throw std::runtime_error("tired");
      }
    };
    sink.spawn(tick(sink));
  };
  auto& fake = host([](Probe&, Message) -> Task<Outcome> { co_return Outcome::delivered(); });
  fake.advance(minutes(5));
  EXPECT_EQ(fake.counter("ticks"), 3);
  EXPECT_TRUE(fake.logged("background task: tired"));
  EXPECT_TRUE(fake.stop());
}

TEST_F(ProbeTest, StopWaitsForDeliveriesThenAsksTheSink) {
  Probe::on_stop = [](Probe& sink) -> Task<> {
    co_await sink.kv().put_durable("stopped", std::to_string(sink.alive));
    throw std::runtime_error("too late to matter");
  };
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    const Guard guard(sink.alive);
    co_await sink.clock().sleep_for(seconds(5));
    co_return Outcome::delivered();
  });
  const auto ticket = fake.deliver(notification());
  EXPECT_TRUE(fake.stop());
  EXPECT_EQ(fake.outcome(ticket)->code, Outcome::Code::delivered);
  EXPECT_THAT(fake.kv(), ElementsAre(testing::Pair(testing::_, "0")));
  EXPECT_TRUE(fake.logged("stop: too late to matter"));
}

}  // namespace
}  // namespace belfry::testkit
