// Conformance: configuring, starting, stopping, and what an optional table must do.
#include "conformance_run.hpp"

namespace belfry::testkit {

namespace {

using testing::IsEmpty;

void describes_itself(const ConformanceFixture& fixture) {
  const FakeHost host(fixture.entry());
  const auto text = [](belfry_str s) { return std::string(sdk::detail::view(s)); };
  EXPECT_THAT(text(host.descriptor().type), testing::MatchesRegex("[a-z][a-z0-9_-]{0,31}"));
  EXPECT_FALSE(text(host.descriptor().title).empty());
  EXPECT_FALSE(text(host.descriptor().version).empty());
  EXPECT_TRUE(nlohmann::json::parse(text(host.descriptor().config_schema_json), nullptr, false).is_object());
  EXPECT_THAT(host.violations(), IsEmpty());
}

void delivers_and_stops(const ConformanceFixture& fixture) {
  ConformanceRun run(fixture);
  ASSERT_NO_FATAL_FAILURE(run.start());
  run.expect_delivered(fixture.message());
  run.expect_clean_end();
}

void refuses_bad_configuration_by_name(const ConformanceFixture& fixture) {
  for (const auto& bad : fixture.bad_configs()) {
    FakeHost host(fixture.entry());
    const auto configured = host.configure(bad.config);
    ASSERT_FALSE(configured) << bad.config;
    EXPECT_THAT(configured.error(), testing::Contains(testing::Field(&Finding::pointer, bad.pointer))) << bad.config;
    for (const auto& finding : configured.error()) EXPECT_FALSE(finding.text.empty()) << finding.pointer;
    EXPECT_THAT(host.violations(), IsEmpty()) << bad.config;
  }
}

void destroy_in_the_middle_frees(const ConformanceFixture& fixture) {
  ConformanceRun run(fixture);
  ASSERT_NO_FATAL_FAILURE(run.start());
  run.host.hold_responses(true);
  run.host.deliver(fixture.message());
  run.host.run();
  EXPECT_EQ(run.sends_requests(), !run.host.open_requests().empty());
  run.host.destroy();
  EXPECT_THAT(run.host.violations(), IsEmpty());
}

void stop_waits_for_nothing_unanswered(const ConformanceFixture& fixture) {
  ConformanceRun run(fixture);
  ASSERT_NO_FATAL_FAILURE(run.start());
  run.host.hold_responses(true);
  run.host.deliver(fixture.message());
  run.host.run();
  EXPECT_EQ(run.sends_requests(), !run.host.open_requests().empty());
  run.expect_clean_end();
}

// The deadline of stop() comes before those of the deliveries: the sink drops what is open.
void stops_by_the_deadline(const ConformanceFixture& fixture) {
  constexpr Millis kDeadline = std::chrono::seconds(2);
  ConformanceRun run(fixture);
  ASSERT_NO_FATAL_FAILURE(run.start());
  run.host.hold_responses(true);
  const auto ticket = run.host.deliver(fixture.message(), {.time = std::chrono::minutes(1)});
  run.host.run();
  EXPECT_TRUE(run.host.stop(kDeadline, kDeadline));
  EXPECT_TRUE(run.host.outcome(ticket));
  run.host.destroy();
  EXPECT_THAT(run.host.violations(), IsEmpty());
}

// A newer gateway may raise events of kinds that this version of the contract does not have.
void ignores_unknown_events(const ConformanceFixture& fixture) {
  constexpr std::uint32_t kFirstUnknown = BELFRY_EVENT_WAKE + 1;
  constexpr std::uint32_t kTried = 20;
  ConformanceRun run(fixture);
  ASSERT_NO_FATAL_FAILURE(run.start());
  run.host.stray_event(0, 0);
  for (std::uint32_t i = 0; i < kTried; ++i) run.host.stray_event(i, kFirstUnknown + i);
  run.host.stray_event(1, UINT32_MAX);
  run.expect_delivered(fixture.message());
  run.expect_clean_end();
}

void refuses_unsigned_requests(const ConformanceFixture& fixture) {
  ConformanceRun run(fixture);
  ASSERT_NO_FATAL_FAILURE(run.start());
  if (fixture.unsigned_request) {
    ASSERT_FALSE(run.host.routes().empty());
    const auto reply = run.host.inbound(fixture.unsigned_request());
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 401);
  } else if (run.host.has_extension(BELFRY_SINK_INBOUND_HTTP_1)) {
    ADD_FAILURE() << "the fixture of a sink with inbound routes needs an unsigned_request()";
  } else {
    GTEST_SKIP() << "the sink has no inbound routes";
  }
  EXPECT_THAT(run.host.violations(), IsEmpty());
}

void renders_without_being_started(const ConformanceFixture& fixture) {
  FakeHost host(fixture.entry());
  ASSERT_TRUE(host.configure(fixture.config()));
  if (!host.has_extension(BELFRY_SINK_RENDER_1)) GTEST_SKIP() << "the sink does not render";
  const auto requests = host.render(fixture.message());
  ASSERT_TRUE(requests) << (requests ? "" : requests.error());
  for (const auto& request : *requests) {
    EXPECT_TRUE(request.contains("method") && request.contains("url")) << request;
  }
  EXPECT_THAT(host.violations(), IsEmpty());
}

}  // namespace

std::vector<ConformanceCase> lifecycle_cases() {
  return {{"DescribesItself", describes_itself},
          {"DeliversAndStops", delivers_and_stops},
          {"RefusesBadConfigurationByName", refuses_bad_configuration_by_name},
          {"DestroyInTheMiddleFrees", destroy_in_the_middle_frees},
          {"StopWaitsForNothingUnanswered", stop_waits_for_nothing_unanswered},
          {"StopsByTheDeadline", stops_by_the_deadline},
          {"IgnoresUnknownEvents", ignores_unknown_events},
          {"RefusesUnsignedRequests", refuses_unsigned_requests},
          {"RendersWithoutBeingStarted", renders_without_being_started}};
}

}  // namespace belfry::testkit
