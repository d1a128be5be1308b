// Delivery: outcomes, exceptions, missing services, abandonment.
#include <gmock/gmock.h>

#include "sdk/probe.hpp"

namespace belfry::testkit {
namespace {

using Code = Outcome::Code;
using std::chrono::hours;
using std::chrono::seconds;
using testing::IsEmpty;

Task<int> add(int a, int b) { co_return a + b; }

Task<int> fail() {
  throw std::runtime_error("deep inside");
  co_return 0;
}

TEST_F(ProbeTest, CompletesInline) {
  auto& fake = host([](Probe&, Message) -> Task<Outcome> { co_return Outcome::delivered({{"id", "1"}}); });
  const auto ticket = fake.deliver(notification());
  ASSERT_TRUE(fake.outcome(ticket));
  EXPECT_EQ(*fake.outcome(ticket), Outcome::delivered({{"id", "1"}}));
}

TEST_F(ProbeTest, AwaitsTasksOfTasks) {
  auto& fake = host([](Probe&, Message) -> Task<Outcome> {
    int sum = 0;
    for (int i = 0; i < 1000; ++i) sum = co_await add(sum, 1);
    co_return Outcome::retry("sum", std::to_string(sum));
  });
  EXPECT_EQ(fake.deliver_and_settle(notification()).detail, "1000");
}

TEST_F(ProbeTest, AnExceptionIsARetry) {
  auto& fake = host([](Probe&, Message) -> Task<Outcome> { co_return Outcome::retry("no", std::to_string(co_await fail())); });
  EXPECT_EQ(fake.deliver_and_settle(notification()), Outcome::retry("plugin_threw", "deep inside"));
}

TEST_F(ProbeTest, AnExceptionBeforeTheFirstWaitIsARetry) {
  auto& fake = host([](Probe&, Message) -> Task<Outcome> { throw std::runtime_error("at once"); });
  EXPECT_EQ(fake.deliver_and_settle(notification()), Outcome::retry("plugin_threw", "at once"));
}

TEST_F(ProbeTest, AnExceptionAfterAPostMayHaveDelivered) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    const auto result = co_await sink.http().post("https://a.example/", "x");
    throw std::runtime_error(result.body);
  });
  fake.on("POST", "a.example", Response::of(200, "odd"));
  EXPECT_EQ(fake.deliver_and_settle(notification()), Outcome::retry("plugin_threw", "odd").maybe_delivered());
}

TEST_F(ProbeTest, AnExceptionAfterAGetHasDeliveredNothing) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    const auto result = co_await sink.http().get("https://a.example/");
    throw 42;
  });
  fake.on("GET", "a.example", Response::of(200));
  const auto outcome = fake.deliver_and_settle(notification());
  EXPECT_EQ(outcome.reason, "plugin_threw");
  EXPECT_FALSE(outcome.ambiguous);
}

TEST_F(ProbeTest, AnOutcomeErrorIsItsOutcome) {
  auto& fake = host([](Probe&, Message) -> Task<Outcome> { throw OutcomeError(Outcome::rejected("nobody", "no such person")); });
  EXPECT_EQ(fake.deliver_and_settle(notification()), Outcome::rejected("nobody", "no such person"));
}

TEST_F(ProbeTest, EveryMemberOfAnOutcomeArrives) {
  auto& fake = host([](Probe&, Message) -> Task<Outcome> {
    co_return Outcome::rate_limited(seconds(90), LimitScope::recipient, "slowly", "too_fast").http_status(429).maybe_delivered();
  });
  const auto outcome = fake.deliver_and_settle(notification());
  EXPECT_EQ(outcome.code, Code::rate_limited);
  EXPECT_EQ(outcome.after, seconds(90));
  EXPECT_EQ(outcome.scope, LimitScope::recipient);
  EXPECT_EQ(outcome.reason, "too_fast");
  EXPECT_EQ(outcome.detail, "slowly");
  EXPECT_EQ(outcome.status, 429);
  EXPECT_TRUE(outcome.ambiguous);
}

TEST_F(ProbeTest, AMissingServiceIsAnOutcomeNotACrash) {
  for (const auto* id : {BELFRY_HOST_HTTP_CLIENT_1, BELFRY_HOST_LOG_1, BELFRY_HOST_METRICS_1}) host_.remove_service(id);
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    sink.log().info("goes nowhere");
    sink.metrics().add("nothing");
    const auto result = co_await sink.http().get("https://a.example/");
    co_return http_outcome(result);
  });
  EXPECT_EQ(fake.deliver_and_settle(notification()),
            Outcome::misconfigured("service_missing", "this gateway does not offer belfry.host.http-client/1"));
}

TEST_F(ProbeTest, AMessageThatIsNoDocumentIsRejected) {
  auto& fake = host([](Probe&, Message message) -> Task<Outcome> { co_return Outcome::retry("no", message.item().title); });
  EXPECT_EQ(fake.deliver_and_settle(nlohmann::json::object()).code, Code::rejected);
  EXPECT_THAT(fake.violations(), IsEmpty());
}

// ---- Abandonment: the coroutine frame is destroyed at any suspension point, and later events are ignored.

struct Waiting {
  const char* name;
  Probe::Deliver behaviour;
};

class AbandonTest : public ProbeTest, public testing::WithParamInterface<Waiting> {};

Task<std::string> get_body(Probe& sink) { co_return (co_await sink.http().get("https://a.example/")).body; }

template <class Wait>
Task<Outcome> guarded(Probe& sink, Wait wait) {
  const Guard guard(sink.alive);
  if (sink.alive == 1) co_await wait(sink);
  co_return Outcome::delivered({{"data", {{"alive", sink.alive}}}});
}

const Waiting kWaiting[] = {
    {"http", [](Probe& s, Message) { return guarded(s, [](Probe& p) { return get_body(p); }); }},
    {"timer", [](Probe& s, Message) { return guarded(s, [](Probe& p) { return p.clock().sleep_for(hours(1)); }); }},
    {"kv", [](Probe& s, Message) { return guarded(s, [](Probe& p) { return p.kv().get("key"); }); }},
    {"grant", [](Probe& s, Message) { return guarded(s, [](Probe& p) { return p.rate_limit().acquire(BucketKey{}); }); }},
    {"signal", [](Probe& s, Message) { return guarded(s, [](Probe& p) { return p.signal.wait(); }); }},
    {"flight", [](Probe& s, Message) { return guarded(s, [](Probe& p) { return p.flights.run("key", get_body(p)); }); }},
    {"offload", [](Probe& s, Message) { return guarded(s, [](Probe& p) { return p.offload().run([] { return 1; }); }); }},
};

TEST_P(AbandonTest, DestroysTheFrame) {
  auto& fake = host(GetParam().behaviour);
  fake.on("GET", "a.example", Response::hold());
  fake.hold_grants(true);
  fake.hold_offload(true);
  const auto abandoned = fake.deliver(notification());
  fake.abandon(abandoned);
  fake.hold_offload(false);
  fake.advance(hours(2));  // every pending event is raised
  const auto next = fake.deliver(notification());
  fake.abandon(next);
  EXPECT_EQ(fake.late_outcomes().size(), 0U);
  EXPECT_EQ(fake.outcome(abandoned)->reason, "timeout");
  EXPECT_THAT(fake.violations(), IsEmpty());
  EXPECT_TRUE(fake.stop());
}

TEST_P(AbandonTest, DestroyFreesToo) {
  auto& fake = host(GetParam().behaviour);
  fake.on("GET", "a.example", Response::hold());
  fake.hold_grants(true);
  fake.hold_offload(true);
  fake.deliver(notification());
  fake.destroy();
  EXPECT_THAT(fake.violations(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Each, AbandonTest, testing::ValuesIn(kWaiting),
                         [](const auto& waiting) { return std::string(waiting.param.name); });

TEST_F(ProbeTest, AbandonGivesBackTheGuard) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    const Guard guard(sink.alive);
    if (sink.alive == 1) co_await sink.clock().sleep_for(hours(1));
    co_return Outcome::retry("alive", std::to_string(sink.alive));
  });
  const auto first = fake.deliver(notification());
  EXPECT_EQ(fake.deliver_and_settle(notification()).detail, "2");
  fake.abandon(first);
  const auto third = fake.deliver(notification());
  EXPECT_FALSE(fake.outcome(third)) << "the abandoned frame is gone: this one is the first again";
}

TEST_F(ProbeTest, TheDeadlineAbandons) {
  auto& fake = host([](Probe& sink, Message message) -> Task<Outcome> {
    co_await sink.clock().sleep_for(message.deadline() - sink.clock().monotonic() + Millis(1));
    co_return Outcome::delivered();
  });
  const auto outcome = fake.deliver_and_settle(notification());
  EXPECT_EQ(outcome.reason, "timeout");
  fake.advance(hours(1));
  EXPECT_THAT(fake.violations(), IsEmpty());
}

}  // namespace
}  // namespace belfry::testkit
