// Signal and SingleFlight.
#include <gmock/gmock.h>

#include "sdk/probe.hpp"

namespace belfry::testkit {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::IsEmpty;

Task<std::string> look_up(Probe& sink, std::string email) {
  const auto result = co_await sink.http().get("https://a.example/" + email);
  if (!result.success()) throw std::runtime_error("no " + email);
  co_return result.body;
}

Task<Outcome> deliver_after_lookup(Probe& sink, Message message) {
  const auto email = message.item().recipient.email;
  const auto id = co_await sink.flights.run(email, look_up(sink, email));
  co_return Outcome::delivered({{"id", id}});
}

TEST_F(ProbeTest, OneFlightForTenDeliveries) {
  auto& fake = host(deliver_after_lookup);
  fake.on("GET", "a.example", Response::hold());
  std::vector<belfry_ticket> tickets;
  for (int i = 0; i < 10; ++i) tickets.push_back(fake.deliver(notification()));
  ASSERT_EQ(fake.requests().size(), 1U);
  EXPECT_EQ(fake.requests()[0].on_behalf_of, 0U) << "no ticket: the request outlives the delivery that started it";
  fake.abandon(tickets[0]);
  fake.respond(fake.requests()[0].ticket, Response::of(200, "U1"));
  fake.run();
  for (std::size_t i = 1; i < tickets.size(); ++i) EXPECT_EQ(fake.outcome(tickets[i])->receipt.at("id"), "U1");
  EXPECT_THAT(fake.violations(), IsEmpty());
}

TEST_F(ProbeTest, AFailedFlightFailsAllAndTheNextFliesAgain) {
  auto& fake = host(deliver_after_lookup);
  fake.expect("GET", "a.example", Response::of(500).delayed(seconds(1)));
  fake.expect("GET", "a.example", Response::of(200, "U1"));
  const auto a = fake.deliver(notification());
  const auto b = fake.deliver(notification());
  EXPECT_EQ(fake.settle(a).detail, "no bobby@coder.com");
  EXPECT_EQ(fake.settle(b).detail, "no bobby@coder.com");
  EXPECT_EQ(fake.deliver_and_settle(notification()).receipt.at("id"), "U1");
  EXPECT_EQ(fake.requests().size(), 2U);
}

TEST_F(ProbeTest, OtherKeysFlyBeside) {
  auto& fake = host(deliver_after_lookup);
  fake.on("GET", "a.example", Response::hold());
  auto other = notification();
  other["items"][0]["recipient"]["email"] = "alice@coder.com";
  fake.deliver(notification());
  fake.deliver(other);
  EXPECT_EQ(fake.requests().size(), 2U);
}

TEST_F(ProbeTest, ASignalWakesEveryoneOnce) {
  auto& fake = host([](Probe& sink, Message message) -> Task<Outcome> {
    if (message.delivery_id() == "set") {
      sink.signal.set();
      sink.signal.set();
      co_return Outcome::delivered();
    }
    co_await sink.signal.wait();
    co_await sink.signal.wait();
    co_return Outcome::delivered();
  });
  const auto a = fake.deliver(notification("a"));
  const auto b = fake.deliver(notification("b"));
  const auto c = fake.deliver(notification("c"));
  fake.abandon(b);
  EXPECT_FALSE(fake.outcome(a));
  fake.deliver(notification("set"));
  EXPECT_EQ(fake.outcome(a)->code, Outcome::Code::delivered);
  EXPECT_EQ(fake.outcome(c)->code, Outcome::Code::delivered);
  EXPECT_EQ(fake.outcome(b)->reason, "timeout");
  EXPECT_TRUE(fake.outcome(fake.deliver(notification("late")))) << "a set signal stays set";
}

TEST_F(ProbeTest, AResetSignalWaitsAgain) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    sink.signal.set();
    sink.signal.reset();
    co_await sink.signal.wait();
    co_return Outcome::delivered();
  });
  EXPECT_FALSE(fake.outcome(fake.deliver(notification())));
}

TEST_F(ProbeTest, ASetSignalThatIsDestroyedLeavesItsWaitersAlone) {
  auto& fake = host([](Probe& sink, Message) -> Task<Outcome> {
    auto local = std::make_unique<Signal>();
    constexpr auto wait = [](Probe& p, Signal& signal) -> Task<> {
      co_await signal.wait();
      p.log().error("woken by a signal that is gone");
    };
    sink.spawn(wait(sink, *local));
    co_await sink.clock().sleep_for(seconds(1));
    local.reset();
    co_return Outcome::delivered();
  });
  EXPECT_EQ(fake.deliver_and_settle(notification()).code, Outcome::Code::delivered);
  fake.advance(hours(1));
  EXPECT_THAT(fake.log(), IsEmpty());
  EXPECT_TRUE(fake.stop());
}

}  // namespace
}  // namespace belfry::testkit
