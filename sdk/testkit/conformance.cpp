#include "belfry/testkit/conformance.hpp"

#include <cstdlib>

#include "conformance_run.hpp"

namespace belfry::testkit {

namespace {

constexpr double kDefaultCallTimeFactor = 10;

void watch_calls_if_asked(FakeHost& host) {
  const char* factor = std::getenv("BELFRY_TESTKIT_CALL_TIMES");
  if (factor == nullptr) return;
  const double value = std::strtod(factor, nullptr);
  host.watch_call_times(true, value > 0 ? value : kDefaultCallTimeFactor);
}

class RegisteredTest : public testing::Test {
 public:
  RegisteredTest(ConformanceTest test, ConformanceFixture fixture) : test_(test), fixture_(std::move(fixture)) {}

 private:
  void TestBody() override { test_(fixture_); }

  ConformanceTest test_;
  ConformanceFixture fixture_;
};

}  // namespace

bool register_conformance(const std::string& name, const ConformanceFixture& fixture, const char* file, int line) {
  const auto suite = name + "/Conformance";
  for (const auto& cases : {lifecycle_cases(), delivery_cases()}) {
    for (const auto& one : cases) {
      testing::RegisterTest(suite.c_str(), one.name, nullptr, nullptr, file, line,
                            [test = one.test, fixture]() -> testing::Test* { return new RegisteredTest(test, fixture); });
    }
  }
  return true;
}

// ---- ConformanceRun ---------------------------------------------------------------------------------------------------------------

ConformanceRun::ConformanceRun(const ConformanceFixture& fixture) : host(fixture.entry()), fixture_(fixture) { watch_calls_if_asked(host); }

void ConformanceRun::start() {
  const auto configured = host.configure(fixture_.config());
  ASSERT_TRUE(configured) << (configured ? "" : testing::PrintToString(configured.error()));
  const auto started = host.start();
  ASSERT_TRUE(started) << (started ? "" : started.error());
  fixture_.script_success(host);
}

bool ConformanceRun::sends_requests() const {
  if (fixture_.sends_requests) return *fixture_.sends_requests;
  const auto names_http = [](const belfry_str* ids, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (sdk::detail::view(ids[i]) == BELFRY_HOST_HTTP_CLIENT_1) return true;
    }
    return false;
  };
  const auto& descriptor = host.descriptor();
  return names_http(descriptor.services, descriptor.service_count) ||
         names_http(descriptor.optional_services, descriptor.optional_service_count);
}

void ConformanceRun::expect_delivered(const nlohmann::json& document) {
  const auto before = host.requests().size();
  const auto outcome = host.deliver_and_settle(document);
  EXPECT_EQ(outcome.code, Outcome::Code::delivered) << testing::PrintToString(outcome);
  if (sends_requests()) {
    EXPECT_GT(host.requests().size(), before) << "the delivery made no request; see ConformanceFixture::sends_requests";
  }
}

void ConformanceRun::expect_clean_end() {
  EXPECT_TRUE(host.stop());
  host.destroy();
  EXPECT_THAT(host.violations(), testing::IsEmpty());
}

std::size_t requests_per_delivery(const ConformanceFixture& fixture) {
  ConformanceRun run(fixture);
  run.start();
  if (testing::Test::HasFatalFailure()) return 0;
  run.expect_delivered(fixture.message());
  return run.host.requests().size();
}

nlohmann::json message_with_id(const ConformanceFixture& fixture, const std::string& delivery_id) {
  auto document = fixture.message();
  document["delivery_id"] = delivery_id;
  return document;
}

bool appears(const FakeHost& host, std::size_t first, const std::string& text) {
  const auto contains = [&](const std::string& part) { return part.find(text) != std::string::npos; };
  for (std::size_t i = first; i < host.requests().size(); ++i) {
    const auto& request = host.requests()[i];
    if (contains(request.url) || contains(request.body)) return true;
    for (const auto& header : request.headers) {
      if (contains(header.value)) return true;
    }
  }
  return false;
}

}  // namespace belfry::testkit
