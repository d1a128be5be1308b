// One sink under the conformance suite, and what its tests have in common. Internal to the test kit.
#pragma once
#include "belfry/testkit/conformance.hpp"

namespace belfry::testkit {

// A host whose sink is configured, started and scripted to succeed. Use ASSERT_NO_FATAL_FAILURE(run.start()).
class ConformanceRun {
 public:
  explicit ConformanceRun(const ConformanceFixture& fixture);

  void start();
  // Delivers and expects success, with at least one request if the sink sends any.
  void expect_delivered(const nlohmann::json& document);
  // Expects that the sink has stopped and is destroyed without a violation.
  void expect_clean_end();
  [[nodiscard]] bool sends_requests() const;

  FakeHost host;

 private:
  const ConformanceFixture& fixture_;
};

// Number of requests that a successful delivery sends.
[[nodiscard]] std::size_t requests_per_delivery(const ConformanceFixture& fixture);
// The fixture's message with another delivery id.
[[nodiscard]] nlohmann::json message_with_id(const ConformanceFixture& fixture, const std::string& delivery_id);
// Whether any request from number `first` on contains the text, in its URL, a header or its body.
[[nodiscard]] bool appears(const FakeHost& host, std::size_t first, const std::string& text);

// The tests. Each reports its failures to GoogleTest.
using ConformanceTest = void (*)(const ConformanceFixture&);
struct ConformanceCase {
  const char* name;
  ConformanceTest test;
};
[[nodiscard]] std::vector<ConformanceCase> delivery_cases();
[[nodiscard]] std::vector<ConformanceCase> lifecycle_cases();

}  // namespace belfry::testkit
