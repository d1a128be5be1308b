#include "app/observe/refusal_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belfry::app {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace std::chrono_literals;

class RefusalsTest : public ::testing::Test {
 protected:
  void note(int status, std::string_view path, std::string_view owner = {}, std::string_view why = {}, std::string_view meant = {}) {
    refusals.record(
        "server",
        {.status = status, .method = "POST", .path = path, .owner = owner, .suggested_path = meant, .remote = "10.0.0.1:5", .why = why});
  }
  [[nodiscard]] std::string only_sentence() const {
    const auto all = refusals.last_hour();
    EXPECT_THAT(all, SizeIs(1));
    return all.empty() ? "" : describe(all.front(), base::TimeZone());
  }

  base::ManualClock clock{base::Timestamp(1'700'000'000'000ms)};
  std::vector<std::string> lines;
  base::Logger log{base::LogLevel::info, std::make_shared<base::Scrubber>(),
                   [this](base::LogLevel, const std::string& line) { lines.push_back(line); }};
  RefusalLog refusals{clock, log};
};

TEST_F(RefusalsTest, WhatIsAnsweredIsNone) {
  for (const int status : {200, 204, 302, 399}) note(status, "/v1/webhook", "source coder");
  EXPECT_THAT(refusals.last_hour(), SizeIs(0));
  EXPECT_THAT(lines, SizeIs(0));
}

TEST_F(RefusalsTest, AWrongSigningSecretIsNamed) {
  for (int i = 0; i < 12; ++i) note(401, "/slack/events", "sink slack");
  EXPECT_EQ(
      only_sentence(),
      "12 requests at /slack/events were refused in the last hour (401), the latest at 2023-11-14 22:13:20 UTC: the signature does not "
      "match the signing secret of sink slack; compare it with the one at the sender");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr("requests are refused"));
  EXPECT_THAT(lines[0], HasSubstr("path=/slack/events"));
}

TEST_F(RefusalsTest, APathThatIsNotServedNamesTheOneThatIs) {
  note(404, "/v1/webhook/", {}, "nothing is served at this path; did you mean /v1/webhook?", "/v1/webhook");
  EXPECT_EQ(only_sentence(),
            "1 request at /v1/webhook/ was refused in the last hour (404), the latest at 2023-11-14 22:13:20 UTC: nothing is served at "
            "this path; did you mean /v1/webhook?");
}

TEST_F(RefusalsTest, EachSourceHasItsCountAndItsLatest) {
  for (int i = 0; i < 3; ++i) {
    note(401, "/v1/webhook", "source coder", "the password is wrong");
    clock.advance(1min);
  }
  note(401, "/v1/other", "source other", "the password is wrong");
  clock.advance(20min);
  const auto all = refusals.last_hour();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(base::to_rfc3339(all[0].at), "2023-11-14T22:15:20.000Z");
  EXPECT_EQ(describe(all[0], base::TimeZone()),
            "3 requests at /v1/webhook (source coder) were refused in the last hour (401), the latest at 2023-11-14 22:15:20 UTC: the "
            "password is wrong");
  EXPECT_EQ(base::to_rfc3339(all[1].at), "2023-11-14T22:16:20.000Z");
}

TEST_F(RefusalsTest, AFloodIsALineAMinute) {
  for (int second = 0; second < 180; ++second) {
    for (int i = 0; i < 100; ++i) note(401, "/v1/webhook", "source coder", "the password is wrong");
    clock.advance(1s);
  }
  EXPECT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[1], HasSubstr("count=6000"));
  EXPECT_EQ(refusals.last_hour().front().count, 18'000u);
}

TEST_F(RefusalsTest, AScannerIsOneKind) {
  for (int i = 0; i < 10'000; ++i) note(404, "/" + std::to_string(i) + ".php", {}, "nothing is served at this path");
  EXPECT_THAT(lines, SizeIs(1));
  EXPECT_THAT(only_sentence(), HasSubstr("10000 requests were refused"));
}

TEST_F(RefusalsTest, KindsAreBounded) {
  for (int i = 0; i < 10'000; ++i) note(404, "/v1/" + std::to_string(i), {}, "no", "/v1/webhook");
  EXPECT_LE(refusals.last_hour().size(), RefusalLog::kMaxKinds + 1);
  std::uint64_t sum = 0;
  for (const auto& one : refusals.last_hour()) sum += one.count;
  EXPECT_EQ(sum, 10'000u) << "and none is lost";
  EXPECT_LE(lines.size(), RefusalLog::kMaxKinds + 1);
}

TEST_F(RefusalsTest, AreForgottenAfterAnHour) {
  note(401, "/v1/webhook", "source coder");
  clock.advance(30min);
  note(401, "/v1/webhook", "source coder");
  EXPECT_EQ(refusals.last_hour().front().count, 2u);
  clock.advance(40min);
  EXPECT_EQ(refusals.last_hour().front().count, 1u);
  clock.advance(24h);
  EXPECT_THAT(refusals.last_hour(), SizeIs(0));
}

TEST_F(RefusalsTest, ATlsHandshakeThatFailsIsAConnection) {
  refusals.record("server", {.remote = "10.0.0.1:5", .why = "http request"});
  EXPECT_EQ(only_sentence(), "1 connection was refused in the last hour, the latest at 2023-11-14 22:13:20 UTC: http request");
}

}  // namespace
}  // namespace belfry::app
