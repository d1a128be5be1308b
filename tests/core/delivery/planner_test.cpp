#include "delivery/planner.hpp"

#include <fstream>
#include <random>

#include "core/store/store_fixture.hpp"
#include "support/notification_sample.hpp"

namespace belfry::delivery {
namespace {

using namespace std::chrono_literals;
using base::Timestamp;
using model::RouteRule;

Timestamp utc(const std::string& text) { return base::from_rfc3339(text).value(); }

const std::map<std::string, SinkTraits> kSinks{{"slack", {{"channel", ""}, 24h}}, {"mail", {{}, 1h}}};

Planner planner(model::PipelineRules rules) {
  auto compiled = Planner::compile(std::move(rules), kSinks);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return compiled.value_or(Planner());
}

RouteRule everyone() { return {.name = "everyone", .location = "f:1:1", .to = {{"slack"}}}; }

std::vector<std::string> whats(const store::Acceptance& acceptance) {
  std::vector<std::string> out;
  for (const auto& decision : acceptance.decisions) out.push_back(decision.event);
  return out;
}

store::Acceptance plan(const Planner& planner, Timestamp now, const std::function<void(model::Notification&)>& change = {}) {
  auto n = test::sample();
  n.received_at = now;
  if (change) change(n);
  return planner.plan(std::move(n), now);
}

TEST(Planner, WhatIsDroppedIsKeptWithItsReason) {
  const auto p = planner({.processors = {{.name = "noise", .location = "f:1:1", .drop = "too noisy"}}, .routes = {everyone()}});
  const auto acceptance = plan(p, utc("2026-01-01T00:00:00Z"));
  EXPECT_TRUE(acceptance.dropped);
  EXPECT_TRUE(acceptance.deliveries.empty());
  ASSERT_EQ(whats(acceptance), std::vector<std::string>{"dropped"});
  EXPECT_EQ(acceptance.decisions[0].detail, "processor \"noise\": too noisy");
}

TEST(Planner, TheSmallestAgeCounts) {
  auto route = everyone();
  route.to = {{"slack"}, {"mail"}};
  route.max_age = 2h;
  const auto now = utc("2026-01-01T00:00:00Z");
  auto acceptance = plan(planner({.routes = {route}}), now, [&](auto& n) { n.received_at = now - 5s; });
  ASSERT_EQ(acceptance.deliveries.size(), 2U);
  EXPECT_EQ(acceptance.deliveries[0].delivery.expires_at, now - 5s + 2h);
  EXPECT_EQ(acceptance.deliveries[1].delivery.expires_at, now - 5s + 1h);
  acceptance = plan(planner({.routes = {route}}), now, [](auto& n) { n.max_age = 10min; });
  EXPECT_EQ(acceptance.deliveries[0].delivery.expires_at, now + 10min);
}

TEST(Planner, WhatIsHeldLosesNothingOfItsTime) {
  auto route = everyone();
  route.max_age = 30min;
  route.timing.quiet_hours = model::QuietHours{.from = 22 * 60, .to = 7 * 60, .zone = {.name = "Europe/Berlin"}};
  const auto acceptance = plan(planner({.routes = {route}}), utc("2026-01-15T22:00:00Z"));
  const auto& d = acceptance.deliveries.at(0).delivery;
  EXPECT_EQ(d.due_at, utc("2026-01-16T06:00:00Z"));
  EXPECT_EQ(d.expires_at, d.due_at + 30min);
  EXPECT_EQ(whats(acceptance), (std::vector<std::string>{"routed", "held"}));
  EXPECT_TRUE(acceptance.decisions[1].detail.ends_with(
      ": quiet hours of route \"everyone\" until 2026-01-16T06:00:00.000Z (2026-01-16 07:00 in Europe/Berlin)"))
      << acceptance.decisions[1].detail;
}

TEST(Planner, HoursAreThoseOfTheRecipientWhenTheyAreKnown) {
  const auto now = utc("2026-01-15T15:00:00Z");  // midnight in Tokyo
  const auto tokyo = base::TimeZone::find("Asia/Tokyo").value();
  auto route = everyone();
  route.timing.quiet_hours = model::QuietHours{.from = 22 * 60, .to = 7 * 60, .zone = {"Europe/Berlin", true}};
  const auto due = [&](const Planner& p, const std::optional<base::TimeZone>& own) {
    const auto acceptance = p.plan(test::sample(), now, nullptr, own);
    const auto& planned = acceptance.deliveries.at(0);
    return base::to_rfc3339(planned.digest ? planned.digest->due_at : planned.delivery.due_at);
  };
  auto p = planner({.routes = {route}});
  EXPECT_TRUE(p.uses_recipient_zones());
  EXPECT_EQ(due(p, std::nullopt), base::to_rfc3339(now));
  EXPECT_EQ(due(p, tokyo), base::to_rfc3339(utc("2026-01-15T22:00:00Z")));

  route.timing.quiet_hours.reset();
  route.timing.digest = model::DigestRule{.at = {9 * 60}, .zone = {"Europe/Berlin", true}};
  p = planner({.routes = {route}});
  EXPECT_EQ(due(p, std::nullopt), base::to_rfc3339(utc("2026-01-16T08:00:00Z")));
  EXPECT_EQ(due(p, tokyo), base::to_rfc3339(utc("2026-01-16T00:00:00Z")));

  // Each rule has its own zone: quiet until seven in Berlin, collected until six in Tokyo.
  route.timing.digest->at = {6 * 60};
  route.timing.quiet_hours = model::QuietHours{.from = 15 * 60, .to = 7 * 60, .zone = {"Europe/Berlin", false}};
  EXPECT_EQ(due(planner({.routes = {route}}), tokyo), base::to_rfc3339(utc("2026-01-16T06:00:00Z")));

  route.timing.digest.reset();
  p = planner({.routes = {route}});
  EXPECT_FALSE(p.uses_recipient_zones());
  EXPECT_EQ(due(p, tokyo), base::to_rfc3339(utc("2026-01-16T06:00:00Z"))) << "the rule has a named zone";
}

TEST(Planner, WhatOthersReadTooIsNobodysOwn) {
  auto within = everyone();
  within.name = "within";
  within.to = {{"slack", {{"channel", "C1"}}}};
  within.timing.quiet_hours = model::QuietHours{.from = 22 * 60, .to = 7 * 60, .zone = {"UTC", true}};
  auto around = everyone();
  around.routes = {within};
  const auto p = planner({.routes = {around}});
  EXPECT_TRUE(p.uses_recipient_zones()) << "a nested route uses it";
  const auto now = utc("2026-01-15T15:00:00Z");
  const auto acceptance = p.plan(test::sample(), now, nullptr, base::TimeZone::find("Asia/Tokyo").value());
  const auto& delivery = acceptance.deliveries.at(0).delivery;
  EXPECT_EQ(delivery.due_at, now);
  EXPECT_FALSE(p.uses_recipient_zone(delivery));
}

TEST(Planner, KeysAreThoseOfTheirRoute) {
  auto first = everyone();
  first.timing.digest = model::DigestRule{.key = "{{name}}", .window = 10min};
  first.continue_ = true;
  auto second = first;
  second.name = "second";
  second.to = {{"mail"}};
  const auto now = utc("2026-01-01T00:00:00Z");
  const auto acceptance = plan(planner({.routes = {first, second}}), now);
  ASSERT_EQ(acceptance.deliveries.size(), 2U);
  EXPECT_NE(acceptance.deliveries[0].digest->key, acceptance.deliveries[1].digest->key);
  EXPECT_EQ(acceptance.deliveries[0].digest->due_at, now + 10min);
  EXPECT_EQ(acceptance.deliveries[0].digest->expires_at, now + 10min + 24h);
}

TEST(Planner, TheWordsAreThoseOfTheRouteThatChoseIt) {
  auto route = everyone();
  route.message = model::MessageRule{.title = "{{labels.hours}} hours"};
  const auto p = planner({.routes = {route}});
  model::Message message{.items = {test::sample(), test::sample()}};
  message.delivery.route = "another";
  p.apply_template(message);
  EXPECT_EQ(message.items[0], test::sample());
  message.delivery.route = "everyone";
  p.apply_template(message);
  for (const auto& item : message.items) EXPECT_EQ(item.title, "24 hours");
}

TEST(Planner, WrongRules) {
  auto route = everyone();
  route.timing.digest = model::DigestRule{.at = {60}, .zone = {.name = "Berlin"}};
  EXPECT_NE(Planner::compile({.routes = {route}}, kSinks).error().message.find("f:1:1: there is no time zone \"Berlin\""),
            std::string::npos);
  route = everyone();
  route.message = model::MessageRule{.body = "{{#a}}"};
  EXPECT_NE(Planner::compile({.routes = {route}}, kSinks).error().message.find("f:1:1: message: body: "), std::string::npos);
}

// Weeks around both changes of daylight saving, with a gateway that dies now and then. With any quiet hours, digests and throttles, each
// notification is in exactly one message, in order, not before it is due and not later than promised.
class DrivenClock : public testing::TestWithParam<int> {};

struct Sent {
  Timestamp at{};
  std::vector<std::string> items;
};

model::Timing random_timing(std::mt19937& random) {
  const auto pick = [&](int max) { return std::uniform_int_distribution<int>(0, max)(random); };
  const std::vector<std::string> zones{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe"};
  model::Timing timing;
  const auto zone = zones[static_cast<std::size_t>(pick(2))];
  if (pick(2) > 0) timing.quiet_hours = model::QuietHours{.from = pick(1439), .to = pick(1439), .zone = {.name = zone}};
  if (timing.quiet_hours && timing.quiet_hours->from == timing.quiet_hours->to) timing.quiet_hours.reset();
  switch (pick(3)) {
    case 0: timing.digest = model::DigestRule{.window = std::chrono::minutes(1 + pick(300))}; break;
    case 1: timing.digest = model::DigestRule{.at = {pick(1439), pick(1439)}, .zone = {.name = zone}}; break;
    case 2:
      timing.throttle =
          model::ThrottleRule{.max_messages = static_cast<std::uint32_t>(1 + pick(3)), .window = std::chrono::minutes(1 + pick(300))};
      break;
    default: break;
  }
  return timing;
}

TEST_P(DrivenClock, EachIsInExactlyOneMessageInOrderAndInTime) {
  std::mt19937 random(static_cast<std::uint32_t>(GetParam()));
  const auto pick = [&](int max) { return std::uniform_int_distribution<int>(0, max)(random); };
  auto route = everyone();
  route.timing = random_timing(random);
  const auto p = planner({.routes = {route}});
  store::TemporaryDirectory directory;
  base::ManualClock clock(utc(GetParam() % 2 == 0 ? "2026-03-26T12:00:00Z" : "2026-10-22T12:00:00Z"));
  const auto open = [&] { return store::open_sqlite(directory.path() / "belfry.db", clock, store::silent()).value(); };
  auto opened = open();
  auto calls = std::make_unique<store::Calls>(*opened);
  std::map<std::string, Timestamp> promised;  // latest moment by notification
  std::vector<std::string> accepted;
  std::vector<Sent> sent;
  std::set<std::string> doubted;  // sent, but the gateway died before it was recorded

  const auto deliver = [&](bool die) {
    const auto lease = calls->lease_and_begin(clock.now(), 1);
    ASSERT_TRUE(lease);
    for (const auto& leased : lease->leased) {
      ASSERT_LE(leased.delivery.due_at, clock.now()) << "before it is due";
      ASSERT_GT(leased.delivery.expires_at, clock.now()) << "held deliveries must not expire";
      // Models a sink that reconciles a delivery in doubt and does not send it again.
      if (!leased.in_doubt) {
        Sent message{clock.now(), {}};
        for (const auto& item : leased.items) message.items.push_back(item.msg_id);
        sent.push_back(std::move(message));
      }
      if (die) return;
      const auto finished = calls->finish(store::finish_of(leased, leased.attempt, store::delivered(), store::Done{}, clock.now()));
      ASSERT_TRUE(finished && finished->applied);
    }
  };

  const auto end = clock.now() + std::chrono::days(4);
  int count = 0;
  while (clock.now() < end + std::chrono::days(2)) {
    if (clock.now() < end && pick(3) == 0) {
      auto n = store::notification("n" + std::to_string(count++));
      n.received_at = clock.now();
      const auto id = n.msg_id;
      auto acceptance = p.plan(std::move(n), clock.now());
      const auto& one = acceptance.deliveries.at(0);
      auto latest = one.delivery.due_at;
      if (one.digest) latest = one.digest->due_at;
      if (one.throttle) latest = std::max(latest, one.throttle->overflow.due_at);
      promised[id] = latest;
      accepted.push_back(id);
      ASSERT_TRUE(calls->accept(std::move(acceptance)));
    }
    const bool die = pick(40) == 0;
    deliver(die);
    if (HasFatalFailure()) return;
    if (die) {
      calls.reset();
      opened.reset();
      opened = open();
      calls = std::make_unique<store::Calls>(*opened);
    }
    clock.advance(std::chrono::minutes(pick(3) == 0 ? 1 + pick(40) : 10));
    for (;;) {  // everything that is ready
      const auto before = sent.size();
      deliver(false);
      if (HasFatalFailure()) return;
      if (sent.size() == before) break;
    }
  }

  std::vector<std::string> all;
  std::map<std::string, Timestamp> arrived;
  for (const auto& message : sent) {
    all.insert(all.end(), message.items.begin(), message.items.end());
    for (const auto& item : message.items) arrived[item] = message.at;
  }
  auto each = all;
  std::ranges::sort(each);
  auto wanted = accepted;
  std::ranges::sort(wanted);
  ASSERT_EQ(each, wanted) << "each notification is in exactly one message";
  for (const auto& message : sent) {
    std::vector<std::size_t> places;
    for (const auto& item : message.items) places.push_back(static_cast<std::size_t>(std::ranges::find(accepted, item) - accepted.begin()));
    ASSERT_TRUE(std::ranges::is_sorted(places)) << "order within a message";
  }
  if (!route.timing.throttle) {
    ASSERT_EQ(all, accepted) << "order kept";
  }
  // A step of this test takes up to 40 minutes.
  for (const auto& [id, latest] : promised) ASSERT_LE(arrived.at(id), latest + 45min) << id << " later than promised";
}

INSTANTIATE_TEST_SUITE_P(Weeks, DrivenClock, testing::Range(0, 8));

}  // namespace
}  // namespace belfry::delivery
