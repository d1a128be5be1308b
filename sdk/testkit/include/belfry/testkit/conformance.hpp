// The contract that every sink must satisfy, as GoogleTest tests. A fixture scripts a successful delivery; the suite then injects faults.
//
//     struct MyFixture {
//       static const belfry_plugin_entry* entry() { return belfry_plugin_entry_v1(); }
//       static nlohmann::json config();                                    // a valid one
//       static std::vector<belfry::testkit::BadConfig> bad_configs();      // must be refused, with a finding at the pointer
//       static void script_success(belfry::testkit::FakeHost& host);       // host.on(...) for every request of a delivery
//       // optional:
//       static nlohmann::json message();                                   // default: notification()
//       static nlohmann::json shared_message();                            // default: message(), for a shared place
//       static belfry::InboundRequest unsigned_request();                  // required if the sink has inbound routes
//       static bool essential(const belfry::testkit::Request&);            // default: true; false: a delivery may succeed without it
//       static constexpr bool sends_requests = true;                       // default: whether the descriptor names http-client/1
//     };
//     BELFRY_CONFORMANCE(MySink, MyFixture);
//
// No test passes if a delivery made no HTTP request, unless sends_requests is false. Tests that do not apply to the sink are skipped.
//
// The environment variable BELFRY_TESTKIT_CALL_TIMES turns on the real-time watch of calls (FakeHost::watch_call_times). Its value is the
// factor by which calls may exceed the contract's 10 ms; a value that is not a number counts as 10. Set it on quiet machines only.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "belfry/testkit/fake_host.hpp"

namespace belfry::testkit {

struct BadConfig {
  nlohmann::json config;
  std::string pointer;  // of the expected finding: "/lookup/cache"
};

// A faulty response, and the outcomes that the delivery may have.
struct Fault {
  std::string name;
  Response response;
  std::vector<Outcome::Code> allowed;
  bool ambiguous = false;       // after a request that changes something, a retry must be marked maybe_delivered
  std::optional<Millis> after;  // exact delay of rate_limited
};

[[nodiscard]] std::vector<Fault> faults();

// A fixture without its type. Members that a fixture may lack are null or nullopt then.
struct ConformanceFixture {
  std::function<const belfry_plugin_entry*()> entry;
  std::function<nlohmann::json()> config;
  std::function<std::vector<BadConfig>()> bad_configs;
  std::function<void(FakeHost&)> script_success;
  std::function<nlohmann::json()> message;
  std::function<nlohmann::json()> shared_message;
  std::function<InboundRequest()> unsigned_request;
  std::function<bool(const Request&)> essential;
  std::optional<bool> sends_requests;
};

template <class Fixture>
[[nodiscard]] ConformanceFixture conformance_fixture() {
  ConformanceFixture fixture{.entry = &Fixture::entry,
                             .config = &Fixture::config,
                             .bad_configs = &Fixture::bad_configs,
                             .script_success = &Fixture::script_success,
                             .message = [] { return notification(); },
                             .shared_message = nullptr,
                             .unsigned_request = nullptr,
                             .essential = [](const Request&) { return true; },
                             .sends_requests = std::nullopt};
  if constexpr (requires { Fixture::message(); }) fixture.message = &Fixture::message;
  if constexpr (requires { Fixture::shared_message(); }) fixture.shared_message = &Fixture::shared_message;
  if constexpr (requires { Fixture::unsigned_request(); }) fixture.unsigned_request = &Fixture::unsigned_request;
  if constexpr (requires(const Request& request) { Fixture::essential(request); }) fixture.essential = &Fixture::essential;
  if constexpr (requires { Fixture::sends_requests; }) fixture.sends_requests = Fixture::sends_requests;
  return fixture;
}

// Registers the tests of the suite as NAME/Conformance.*. Returns true.
bool register_conformance(const std::string& name, const ConformanceFixture& fixture, const char* file, int line);

}  // namespace belfry::testkit

// Works in any namespace.
#define BELFRY_CONFORMANCE(Name, Fixture)                           \
  [[maybe_unused]] static const bool belfry_conformance_of_##Name = \
      ::belfry::testkit::register_conformance(#Name, ::belfry::testkit::conformance_fixture<Fixture>(), __FILE__, __LINE__)
