// Conformance: deliveries, with every kind of fault and of message.
#include "conformance_run.hpp"

namespace belfry::testkit {

namespace {

using testing::IsEmpty;

void every_fault_settles_once(const ConformanceFixture& fixture) {
  if (!ConformanceRun(fixture).sends_requests()) GTEST_SKIP() << "the sink sends no requests";
  const auto count = requests_per_delivery(fixture);
  ASSERT_GT(count, 0U);
  for (std::size_t broken = 0; broken < count; ++broken) {
    for (const auto& fault : faults()) {
      ConformanceRun run(fixture);
      ASSERT_NO_FATAL_FAILURE(run.start());
      run.host.override_response(broken, fault.response);
      const auto outcome = run.host.deliver_and_settle(fixture.message());
      SCOPED_TRACE("request " + std::to_string(broken) + ", " + fault.name + " -> " + testing::PrintToString(outcome));
      ASSERT_GT(run.host.requests().size(), broken);
      const auto request = run.host.requests()[broken];
      if (fixture.essential(request)) {
        EXPECT_THAT(fault.allowed, testing::Contains(outcome.code));
        if (outcome.code == Outcome::Code::retry && fault.ambiguous && !request.safe()) {
          EXPECT_TRUE(outcome.ambiguous);
        }
        if (fault.after) {
          EXPECT_EQ(outcome.after, fault.after);
        }
      }
      run.host.advance(std::chrono::hours(1));
      run.expect_clean_end();
    }
  }
}

void interleaved_deliveries_all_settle(const ConformanceFixture& fixture) {
  constexpr std::size_t kMany = 50;
  ConformanceRun run(fixture);
  ASSERT_NO_FATAL_FAILURE(run.start());
  run.host.hold_responses(true);
  std::vector<belfry_ticket> tickets;
  for (std::size_t i = 0; i < kMany; ++i) tickets.push_back(run.host.deliver(message_with_id(fixture, "delivery-" + std::to_string(i))));
  run.host.run();
  run.host.hold_responses(false);  // newest first
  for (const auto ticket : tickets) {
    const auto outcome = run.host.settle(ticket);
    EXPECT_EQ(outcome.code, Outcome::Code::delivered) << testing::PrintToString(outcome);
  }
  if (run.sends_requests()) {
    EXPECT_GE(run.host.requests().size(), kMany);
  }
  EXPECT_THAT(run.host.violations(), IsEmpty());
}

void abandon_frees_and_the_next_one_works(const ConformanceFixture& fixture) {
  if (!ConformanceRun(fixture).sends_requests()) GTEST_SKIP() << "the sink sends no requests";
  const auto count = requests_per_delivery(fixture);
  ASSERT_GT(count, 0U);
  for (std::size_t held = 0; held < count; ++held) {
    ConformanceRun run(fixture);
    ASSERT_NO_FATAL_FAILURE(run.start());
    run.host.override_response(held, Response::hold());
    const auto ticket = run.host.deliver(fixture.message());
    run.host.run();
    run.host.abandon(ticket);
    run.host.advance(std::chrono::minutes(1));
    run.expect_delivered(fixture.message());
    EXPECT_THAT(run.host.late_outcomes(), IsEmpty());
    run.expect_clean_end();
  }
}

void hostile_text_settles(const ConformanceFixture& fixture) {
  ConformanceRun run(fixture);
  ASSERT_NO_FATAL_FAILURE(run.start());
  const std::string kinds[] = {std::string(20'000, 'x'),
                               "<!channel> & <b>*_`~",
                               "\xe2\x80\xae"
                               "desrever\xf0\x9f\x98\x80",
                               std::string("nul\0inside", 10),
                               "line\r\nbreak\x1b[31m",
                               " \t "};
  for (const auto& text : kinds) {
    auto document = fixture.message();
    for (const auto* key : {"title", "title_markdown", "body", "body_markdown", "name"}) document["items"][0][key] = text;
    document["items"][0]["actions"] = {{{"label", text}, {"url", text}}};
    run.host.deliver_and_settle(document);
  }
  if (run.sends_requests()) {
    EXPECT_FALSE(run.host.requests().empty());
  }
  EXPECT_THAT(run.host.violations(), IsEmpty());
}

void digest_is_delivered(const ConformanceFixture& fixture) {
  constexpr int kItems = 3;
  ConformanceRun run(fixture);
  ASSERT_NO_FATAL_FAILURE(run.start());
  auto document = message_with_id(fixture, "conformance-digest");
  const auto item = document["items"][0];
  document["kind"] = "digest";
  document["items"] = nlohmann::json::array();
  for (int i = 0; i < kItems; ++i) {
    auto copy = item;
    copy["id"] = "conformance-item-" + std::to_string(i);
    copy["title"] = "Title " + std::to_string(i);
    document["items"].push_back(std::move(copy));
  }
  run.expect_delivered(document);
  run.expect_clean_end();
}

bool has_shared_places(const belfry_descriptor& descriptor) {
  const auto schema = nlohmann::json::parse(sdk::detail::view(descriptor.config_schema_json), nullptr, false);
  if (!schema.is_object() || !schema.contains("properties")) return false;
  for (const auto& property : schema["properties"]) {
    if (property.is_object() && property.value("x-destination", false)) return true;
  }
  return false;
}

// Rejected, or delivered without the text. A sink without requests has to reject the message, because its output is invisible here.
void sensitive_text_stays_out_of_shared_places(const ConformanceFixture& fixture) {
  const std::string marker = "sensitivetextqzx";
  ConformanceRun run(fixture);
  ASSERT_NO_FATAL_FAILURE(run.start());
  if (!run.sends_requests() && !has_shared_places(run.host.descriptor())) GTEST_SKIP() << "the sink has no shared places";
  auto document = fixture.shared_message ? fixture.shared_message() : fixture.message();
  if (!fixture.shared_message) document["destination"] = {{"audience", "shared"}, {"address", "conformance"}};
  document["sensitive"] = true;
  document["allow_sensitive"] = false;
  for (const auto* key : {"title", "title_markdown", "body", "body_markdown", "name"}) document["items"][0][key] = marker;
  document["items"][0]["actions"] = {{{"label", marker}, {"url", "https://example.com/" + marker}}};
  const auto outcome = run.host.deliver_and_settle(document);
  if (!run.sends_requests()) {
    EXPECT_EQ(outcome.code, Outcome::Code::rejected) << testing::PrintToString(outcome);
  }
  EXPECT_FALSE(appears(run.host, 0, marker)) << "sensitive text was sent to a shared place";
  for (const auto& socket : run.host.websockets()) {
    for (const auto& text : socket.sent()) EXPECT_EQ(text.find(marker), std::string::npos) << "sensitive text was sent to a shared place";
  }
  EXPECT_THAT(run.host.violations(), IsEmpty());
}

// The same form and length, so that neither contains the other.
std::string rotated(std::string secret) {
  secret.back() = secret.back() == '7' ? '8' : '7';
  return secret;
}

// For each secret that a delivery sends as it is: the next delivery sends the new value only.
void picks_up_a_rotated_secret(const ConformanceFixture& fixture) {
  std::size_t sent = 0;
  const auto schema = std::string(sdk::detail::view(FakeHost(fixture.entry()).descriptor().config_schema_json));
  for (const auto& [reference, value] : check_config(schema, fixture.config()).secrets) {
    SCOPED_TRACE(reference);
    ConformanceRun run(fixture);
    ASSERT_NO_FATAL_FAILURE(run.start());
    run.expect_delivered(message_with_id(fixture, "before"));
    if (value.empty() || !appears(run.host, 0, value)) continue;
    ++sent;
    const auto first = run.host.requests().size();
    run.host.rotate_secret(value, rotated(value));
    run.expect_delivered(message_with_id(fixture, "after"));
    EXPECT_FALSE(appears(run.host, first, value)) << "the old value was sent: reveal secrets at each use";
    EXPECT_TRUE(appears(run.host, first, rotated(value)));
    EXPECT_THAT(run.host.violations(), IsEmpty());
  }
  if (sent == 0) GTEST_SKIP() << "no request contains a secret as it is";
}

}  // namespace

std::vector<ConformanceCase> delivery_cases() {
  return {{"EveryFaultSettlesOnce", every_fault_settles_once},
          {"InterleavedDeliveriesAllSettle", interleaved_deliveries_all_settle},
          {"AbandonFreesAndTheNextOneWorks", abandon_frees_and_the_next_one_works},
          {"HostileTextSettles", hostile_text_settles},
          {"DeliversADigest", digest_is_delivered},
          {"SensitiveTextStaysOutOfSharedPlaces", sensitive_text_stays_out_of_shared_places},
          {"PicksUpARotatedSecret", picks_up_a_rotated_secret}};
}

}  // namespace belfry::testkit
