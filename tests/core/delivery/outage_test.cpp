// Tables of outcomes by time, with the notice expected for each.
#include "delivery/outage.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace belfry::delivery {
namespace {

using namespace std::chrono_literals;
using model::OutcomeCode;
using Kind = Outage::Notice::Kind;

const base::Timestamp kStart{base::Millis(1'700'000'000'000)};

model::Outcome fails() { return {.code = OutcomeCode::retry, .reason = "connection", .detail = "connection refused"}; }
model::Outcome arrives() { return {.code = OutcomeCode::delivered, .http_status = 200}; }
model::Outcome is(OutcomeCode code, int status) { return {.code = code, .http_status = status}; }

struct Step {
  base::Millis at;
  model::Outcome outcome;
  Kind kind = Kind::none;
  base::Millis lasted{};
  std::uint64_t attempts = 0;
};

// `lasted` and `attempts` are set in steps with a notice.
Outage after(const std::vector<Step>& steps) {
  Outage outage;
  for (const auto& step : steps) {
    const auto notice = outage.record(step.outcome, kStart + step.at);
    EXPECT_EQ(notice, (Outage::Notice{step.kind, step.lasted, step.attempts})) << "at " << step.at.count() << " ms";
  }
  return outage;
}

TEST(Outage, BeginsWithTheThirdFailureInARowAndEndsWithTheFirstAnswer) {
  const auto outage = after({{0s, fails()},
                             {1s, fails()},
                             {3s, fails(), Kind::begins, 3s, 3},
                             {4s, fails()},
                             {10s, arrives(), Kind::ends, 10s, 4},
                             {11s, arrives()}});
  EXPECT_FALSE(outage.open());
  EXPECT_FALSE(outage.since());
  EXPECT_EQ(outage.last()->at, kStart + 4s);
  EXPECT_EQ(outage.last()->reason, "connection");
}

TEST(Outage, FewerAreNone) {
  const auto outage = after({{0s, fails()}, {1s, fails()}, {2s, arrives()}, {3s, fails()}, {4s, fails()}});
  EXPECT_FALSE(outage.open());
  EXPECT_EQ(outage.attempts(), 2U);
}

TEST(Outage, IsCountedInGrowingIntervalsHoweverManyAttemptsThereAre) {
  Outage outage;
  std::vector<std::int64_t> reported;  // seconds
  for (int i = 0; i <= 20'000; ++i) {
    const auto notice = outage.record(fails(), kStart + std::chrono::seconds(i));
    if (notice.kind == Kind::none) continue;
    EXPECT_EQ(notice.kind, reported.empty() ? Kind::begins : Kind::continues);
    EXPECT_EQ(notice.attempts, static_cast<std::uint64_t>(i) + 1);
    EXPECT_EQ(notice.lasted, std::chrono::seconds(i));
    reported.push_back(i);
  }
  EXPECT_EQ(reported, (std::vector<std::int64_t>{2, 62, 182, 422, 902, 1862, 3782, 7382, 10982, 14582, 18182}));
  EXPECT_EQ(*outage.since(), kStart);
}

TEST(Outage, WhatTheRemoteSaysEndsItAndWhatThePluginSaysByItselfChangesNothing) {
  struct Case {
    model::Outcome outcome;
    bool ends;
  };
  for (const auto& [outcome, ends] : std::vector<Case>{{is(OutcomeCode::rejected, 200), true},
                                                       {is(OutcomeCode::rate_limited, 429), true},
                                                       {is(OutcomeCode::misconfigured, 401), true},
                                                       {is(OutcomeCode::delivered, 0), true},
                                                       {is(OutcomeCode::rejected, 0), false},
                                                       {is(OutcomeCode::rate_limited, 0), false},
                                                       {is(OutcomeCode::misconfigured, 0), false},
                                                       {is(OutcomeCode::retry, 503), false}}) {
    Outage outage;
    for (int i = 0; i < 3; ++i) static_cast<void>(outage.record(fails(), kStart));
    ASSERT_TRUE(outage.open());
    EXPECT_EQ(outage.record(outcome, kStart + 1s).kind == Kind::ends, ends);
    EXPECT_EQ(outage.open(), !ends);
  }
}

TEST(Outage, OneThatComesAndGoesDoesNotFillTheLog) {
  Outage outage;
  int lines = 0;
  for (int i = 0; i < 600; ++i) {
    const auto now = kStart + std::chrono::seconds(i);
    for (int n = 0; n < 3; ++n) lines += outage.record(fails(), now).kind != Kind::none ? 1 : 0;
    EXPECT_TRUE(outage.open());
    lines += outage.record(arrives(), now + 500ms).kind != Kind::none ? 1 : 0;
  }
  EXPECT_EQ(lines, 2) << "the first outage only";
}

TEST(Outage, OneSoonAfterAnotherIsSaidOnceItHasLasted) {
  after({{0s, fails()},
         {0s, fails()},
         {0s, fails(), Kind::begins, 0s, 3},
         {1s, arrives(), Kind::ends, 1s, 3},
         {5s, fails()},
         {6s, fails()},
         {7s, fails()},
         {64s, fails()},
         {65s, fails(), Kind::begins, 60s, 5},
         {70s, arrives(), Kind::ends, 65s, 5},
         {131s, fails()},
         {131s, fails()},
         {131s, fails(), Kind::begins, 0s, 3}});
}

}  // namespace
}  // namespace belfry::delivery
