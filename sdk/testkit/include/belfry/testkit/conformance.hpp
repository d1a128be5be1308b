// The contract that every sink must satisfy, as a GoogleTest suite. A fixture scripts a successful delivery; the suite then injects faults.
//
//     struct MyFixture {
//       static const belfry_plugin_entry* entry() { return belfry_plugin_entry_v0(); }
//       static nlohmann::json config();                                    // a valid one
//       static std::vector<belfry::testkit::BadConfig> bad_configs();      // must be refused, with a problem at the pointer
//       static void script_success(belfry::testkit::FakeHost& host);       // host.on(...) for every request of a delivery
//       // optional:
//       static nlohmann::json message();                                   // default: notification()
//       static belfry::InboundRequest unsigned_request();                  // required if the sink takes requests
//       static bool essential(const belfry::testkit::Request&);            // default: true; false: a delivery may succeed without it
//     };
//     BELFRY_CONFORMANCE(MySink, MyFixture);
//
// A sink that sends no requests passes the same suite: no faults are injected.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "belfry/testkit/fake_host.hpp"

namespace belfry::testkit {

struct BadConfig {
  nlohmann::json config;
  std::string pointer;  // of the expected problem: "/lookup/cache"
};

// A faulty response, and the outcomes that the delivery may have.
struct Fault {
  std::string name;
  Response response;
  std::vector<Outcome::Code> allowed;
  bool ambiguous = false;       // after a request that changes something, a retry must be marked maybe_delivered
  std::optional<Millis> after;  // exact delay of rate_limited
};

[[nodiscard]] inline std::vector<Fault> faults() {
  using enum Outcome::Code;
  const std::vector<Outcome::Code> permanent{rejected, misconfigured};
  const std::vector<Outcome::Code> unreadable{delivered, retry, rejected, misconfigured};
  return {
      // A bare 400 may come from an intermediary, so a retry is allowed.
      {.name = "400", .response = Response::of(400), .allowed = {retry, rejected, misconfigured}},
      {.name = "418, a status without a rule", .response = Response::of(418, "<html>blocked</html>"), .allowed = {retry, misconfigured}},
      {.name = "401", .response = Response::of(401), .allowed = {misconfigured}},
      {.name = "403", .response = Response::of(403), .allowed = permanent},
      {.name = "404", .response = Response::of(404), .allowed = permanent},
      {.name = "410", .response = Response::of(410), .allowed = permanent},
      {.name = "429 with Retry-After",
       .response = Response::of(429, "", {{"Retry-After", "17"}}),
       .allowed = {rate_limited},
       .after = std::chrono::seconds(17)},
      {.name = "429 with Retry-After as a date",
       .response = Response::of(429, "", {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"Retry-After", "Sun, 06 Nov 1994 08:49:54 GMT"}}),
       .allowed = {rate_limited},
       .after = std::chrono::seconds(17)},
      {.name = "429", .response = Response::of(429), .allowed = {rate_limited, retry}},
      {.name = "500", .response = Response::of(500, "<html>oops</html>"), .allowed = {retry}, .ambiguous = true},
      {.name = "503 with Retry-After", .response = Response::of(503, "", {{"Retry-After", "30"}}), .allowed = {retry, rate_limited}},
      {.name = "timeout", .response = Response::fails(HttpError::timeout, true), .allowed = {retry}, .ambiguous = true},
      {.name = "closed", .response = Response::fails(HttpError::closed, true), .allowed = {retry}, .ambiguous = true},
      {.name = "not connected", .response = Response::fails(HttpError::connect, false), .allowed = {retry}},
      {.name = "name not resolved", .response = Response::fails(HttpError::resolve, false), .allowed = {retry, misconfigured}},
      {.name = "TLS", .response = Response::fails(HttpError::tls, false), .allowed = {retry, misconfigured}},
      {.name = "not HTTP", .response = Response::fails(HttpError::malformed, true), .allowed = {retry}, .ambiguous = true},
      {.name = "response too large", .response = Response::fails(HttpError::too_large, true), .allowed = unreadable},
      {.name = "refused by the host", .response = Response::fails(HttpError::refused, false), .allowed = {retry}},
      {.name = "200 with garbage", .response = Response::of(200, "\xff\x00<not json", {}), .allowed = unreadable},
      {.name = "200 with unexpected JSON", .response = Response::of(200, "[[[42]]]"), .allowed = unreadable},
      {.name = "200 empty", .response = Response::of(200), .allowed = unreadable},
      {.name = "never answered", .response = Response::hold(), .allowed = {retry}, .ambiguous = true},
  };
}

template <class Fixture>
struct Conformance {
  static nlohmann::json message() {
    if constexpr (requires { Fixture::message(); }) {
      return Fixture::message();
    } else {
      return notification();
    }
  }
  static bool essential(const Request& request) {
    if constexpr (requires { Fixture::essential(request); }) {
      return Fixture::essential(request);
    } else {
      return true;
    }
  }
  static void start(FakeHost& host) {
    const auto configured = host.configure(Fixture::config());
    ASSERT_TRUE(configured) << (configured ? "" : configured.error().front().pointer + ": " + configured.error().front().text);
    const auto started = host.start();
    ASSERT_TRUE(started) << (started ? "" : started.error());
    Fixture::script_success(host);
  }
  // Number of requests that a successful delivery sends.
  static std::size_t requests_per_delivery() {
    FakeHost host(Fixture::entry());
    start(host);
    host.deliver_and_settle(message());
    return host.requests().size();
  }

  static void describes_itself() {
    FakeHost host(Fixture::entry());
    const auto text = [](belfry_str s) { return std::string(sdk::detail::view(s)); };
    EXPECT_THAT(text(host.descriptor().type), testing::MatchesRegex("[a-z][a-z0-9_-]{0,31}"));
    EXPECT_FALSE(text(host.descriptor().title).empty());
    EXPECT_FALSE(text(host.descriptor().version).empty());
    EXPECT_TRUE(nlohmann::json::parse(text(host.descriptor().config_schema_json), nullptr, false).is_object());
  }

  static void delivers_and_stops() {
    FakeHost host(Fixture::entry());
    start(host);
    const auto outcome = host.deliver_and_settle(message());
    EXPECT_EQ(outcome.code, Outcome::Code::delivered) << outcome.reason << ": " << outcome.detail;
    EXPECT_TRUE(host.stop());
    EXPECT_THAT(host.violations(), testing::IsEmpty());
  }

  static void refuses_bad_configuration_by_name() {
    for (const auto& bad : Fixture::bad_configs()) {
      FakeHost host(Fixture::entry());
      const auto configured = host.configure(bad.config);
      ASSERT_FALSE(configured) << bad.config;
      EXPECT_THAT(configured.error(), testing::Contains(testing::Field(&Problem::pointer, bad.pointer))) << bad.config;
      for (const auto& problem : configured.error()) EXPECT_FALSE(problem.text.empty()) << problem.pointer;
    }
  }

  static void every_fault_settles_once() {
    const auto count = requests_per_delivery();
    for (std::size_t broken = 0; broken < count; ++broken) {
      for (const auto& fault : faults()) {
        FakeHost host(Fixture::entry());
        start(host);
        host.override_response(broken, fault.response);
        const auto outcome = host.deliver_and_settle(message());
        SCOPED_TRACE("request " + std::to_string(broken) + ", " + fault.name + " -> " + outcome.reason + ": " + outcome.detail);
        ASSERT_GT(host.requests().size(), broken);
        const auto request = host.requests()[broken];
        if (essential(request)) {
          EXPECT_THAT(fault.allowed, testing::Contains(outcome.code));
          if (outcome.code == Outcome::Code::retry && fault.ambiguous && !request.safe()) {
            EXPECT_TRUE(outcome.ambiguous);
          }
          if (fault.after) {
            EXPECT_EQ(outcome.after, fault.after);
          }
        }
        host.advance(std::chrono::hours(1));
        EXPECT_THAT(host.violations(), testing::IsEmpty());
        EXPECT_TRUE(host.stop());
      }
    }
  }

  static void interleaved_deliveries_all_settle() {
    FakeHost host(Fixture::entry());
    start(host);
    host.hold_responses(true);
    constexpr int kMany = 50;
    std::vector<belfry_ticket> tickets;
    for (int i = 0; i < kMany; ++i) {
      auto document = message();
      document["delivery_id"] = "delivery-" + std::to_string(i);
      tickets.push_back(host.deliver(document));
    }
    host.run();
    host.hold_responses(false);  // newest first
    for (const auto ticket : tickets) {
      const auto outcome = host.settle(ticket);
      EXPECT_EQ(outcome.code, Outcome::Code::delivered) << outcome.reason << ": " << outcome.detail;
    }
    EXPECT_THAT(host.violations(), testing::IsEmpty());
  }

  static void abandon_frees_and_the_next_one_works() {
    const auto count = requests_per_delivery();
    for (std::size_t held = 0; held < count; ++held) {
      FakeHost host(Fixture::entry());
      start(host);
      host.override_response(held, Response::hold());
      const auto ticket = host.deliver(message());
      host.run();
      host.abandon(ticket);
      for (const auto& request : host.requests()) host.stray_event(request.ticket, BELFRY_EVENT_HTTP);
      host.advance(std::chrono::minutes(1));
      const auto outcome = host.deliver_and_settle(message());
      EXPECT_EQ(outcome.code, Outcome::Code::delivered) << outcome.reason << ": " << outcome.detail;
      EXPECT_THAT(host.late_outcomes(), testing::IsEmpty());
      EXPECT_TRUE(host.stop());
      EXPECT_THAT(host.violations(), testing::IsEmpty());
    }
  }

  static void destroy_in_the_middle_frees() {
    FakeHost host(Fixture::entry());
    start(host);
    host.hold_responses(true);
    host.deliver(message());
    host.run();
    host.destroy();
    EXPECT_THAT(host.violations(), testing::IsEmpty());
  }

  static void stop_waits_for_nothing_unanswered() {
    FakeHost host(Fixture::entry());
    start(host);
    host.hold_responses(true);
    host.deliver(message());
    host.run();
    EXPECT_TRUE(host.stop());
    EXPECT_THAT(host.violations(), testing::IsEmpty());
  }

  static void ignores_events_it_knows_nothing_of() {
    FakeHost host(Fixture::entry());
    start(host);
    for (std::uint32_t kind = 0; kind < 20; ++kind) host.stray_event(999'999 + kind, kind);
    host.abandon_unknown(424'242);
    const auto outcome = host.deliver_and_settle(message());
    EXPECT_EQ(outcome.code, Outcome::Code::delivered) << outcome.reason << ": " << outcome.detail;
    EXPECT_THAT(host.violations(), testing::IsEmpty());
  }

  static void hostile_text_settles() {
    FakeHost host(Fixture::entry());
    start(host);
    const std::string kinds[] = {std::string(20'000, 'x'),
                                 "<!channel> & <b>*_`~",
                                 "\xe2\x80\xae"
                                 "desrever\xf0\x9f\x98\x80",
                                 std::string("nul\0inside", 10),
                                 "line\r\nbreak\x1b[31m",
                                 " \t "};
    for (const auto& text : kinds) {
      auto document = message();
      for (const auto* key : {"title", "title_markdown", "body", "body_markdown", "name"}) document["items"][0][key] = text;
      document["items"][0]["actions"] = {{{"label", text}, {"url", text}}};
      host.deliver_and_settle(document);
    }
    EXPECT_THAT(host.violations(), testing::IsEmpty());
  }

  static void refuses_unsigned_requests() {
    FakeHost host(Fixture::entry());
    start(host);
    if constexpr (requires { Fixture::unsigned_request(); }) {
      ASSERT_FALSE(host.routes().empty());
      const auto reply = host.inbound(Fixture::unsigned_request());
      ASSERT_TRUE(reply);
      EXPECT_EQ(reply->status, 401);
    } else {
      EXPECT_FALSE(host.has_extension(BELFRY_INBOUND_HTTP_1)) << "the fixture of a sink that takes requests needs an unsigned_request()";
    }
    EXPECT_THAT(host.violations(), testing::IsEmpty());
  }

  static void renders_without_being_started() {
    FakeHost host(Fixture::entry());
    ASSERT_TRUE(host.configure(Fixture::config()));
    if (!host.has_extension(BELFRY_RENDER_1)) GTEST_SKIP() << "the sink does not render";
    const auto requests = host.render(message());
    ASSERT_TRUE(requests) << (requests ? "" : requests.error());
    for (const auto& request : *requests) {
      EXPECT_TRUE(request.contains("method") && request.contains("url")) << request;
    }
    EXPECT_THAT(host.violations(), testing::IsEmpty());
  }
};

}  // namespace belfry::testkit

// At global scope, so that BELFRY_CONFORMANCE works in any namespace.
template <class Fixture>
class BelfrySinkConformance : public testing::Test {};

TYPED_TEST_SUITE_P(BelfrySinkConformance);

TYPED_TEST_P(BelfrySinkConformance, DescribesItself) { belfry::testkit::Conformance<TypeParam>::describes_itself(); }
TYPED_TEST_P(BelfrySinkConformance, DeliversAndStops) { belfry::testkit::Conformance<TypeParam>::delivers_and_stops(); }
TYPED_TEST_P(BelfrySinkConformance, RefusesBadConfigurationByName) {
  belfry::testkit::Conformance<TypeParam>::refuses_bad_configuration_by_name();
}
TYPED_TEST_P(BelfrySinkConformance, EveryFaultSettlesOnce) { belfry::testkit::Conformance<TypeParam>::every_fault_settles_once(); }
TYPED_TEST_P(BelfrySinkConformance, InterleavedDeliveriesAllSettle) {
  belfry::testkit::Conformance<TypeParam>::interleaved_deliveries_all_settle();
}
TYPED_TEST_P(BelfrySinkConformance, AbandonFreesAndTheNextOneWorks) {
  belfry::testkit::Conformance<TypeParam>::abandon_frees_and_the_next_one_works();
}
TYPED_TEST_P(BelfrySinkConformance, DestroyInTheMiddleFrees) { belfry::testkit::Conformance<TypeParam>::destroy_in_the_middle_frees(); }
TYPED_TEST_P(BelfrySinkConformance, StopWaitsForNothingUnanswered) {
  belfry::testkit::Conformance<TypeParam>::stop_waits_for_nothing_unanswered();
}
TYPED_TEST_P(BelfrySinkConformance, IgnoresEventsItKnowsNothingOf) {
  belfry::testkit::Conformance<TypeParam>::ignores_events_it_knows_nothing_of();
}
TYPED_TEST_P(BelfrySinkConformance, HostileTextSettles) { belfry::testkit::Conformance<TypeParam>::hostile_text_settles(); }
TYPED_TEST_P(BelfrySinkConformance, RefusesUnsignedRequests) { belfry::testkit::Conformance<TypeParam>::refuses_unsigned_requests(); }
TYPED_TEST_P(BelfrySinkConformance, RendersWithoutBeingStarted) {
  belfry::testkit::Conformance<TypeParam>::renders_without_being_started();
}

REGISTER_TYPED_TEST_SUITE_P(BelfrySinkConformance, DescribesItself, DeliversAndStops, RefusesBadConfigurationByName, EveryFaultSettlesOnce,
                            InterleavedDeliveriesAllSettle, AbandonFreesAndTheNextOneWorks, DestroyInTheMiddleFrees,
                            StopWaitsForNothingUnanswered, IgnoresEventsItKnowsNothingOf, HostileTextSettles, RefusesUnsignedRequests,
                            RendersWithoutBeingStarted);

#define BELFRY_CONFORMANCE(Name, Fixture) INSTANTIATE_TYPED_TEST_SUITE_P(Name, BelfrySinkConformance, Fixture)
