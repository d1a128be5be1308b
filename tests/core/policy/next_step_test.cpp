#include "policy/next_step.hpp"

#include <optional>

namespace belfry::policy {
namespace {

using namespace std::chrono_literals;
using model::DeliveryState;
using model::LimitScope;
using model::Outcome;
using model::OutcomeCode;

constexpr base::Timestamp kNow{base::Millis(1'700'000'000'000)};
constexpr double kRandom = 0.0;  // the first retry comes after 500 ms

model::Delivery delivery(std::vector<std::string> fallback = {}) {
  model::Delivery d;
  d.expires_at = kNow + 1h;
  d.fallback = std::move(fallback);
  return d;
}

Outcome outcome(OutcomeCode code, std::optional<base::Millis> retry_after = {}, bool maybe_delivered = false) {
  return {.code = code, .maybe_delivered = maybe_delivered, .retry_after = retry_after};
}

Step after(const Outcome& o, const model::Delivery& d) { return next_step(o, d, kNow, kRandom); }

Step limited(LimitScope scope, std::optional<base::Millis> retry_after) {
  auto o = outcome(OutcomeCode::rate_limited, retry_after);
  o.limit_scope = scope;
  return after(o, delivery());
}

TEST(NextStep, Delivered) {
  EXPECT_EQ(after(outcome(OutcomeCode::delivered), delivery({"mail"})), (Step{next::Done{}}));
  auto late = delivery();
  late.expires_at = kNow - 1h;
  EXPECT_EQ(after(outcome(OutcomeCode::delivered), late), (Step{next::Done{}})) << "a delivered message cannot expire";
}

TEST(NextStep, RetryBacksOff) {
  EXPECT_EQ(after(outcome(OutcomeCode::retry), delivery()), (Step{next::Retry{kNow + 500ms, true, false}}));
  auto third = delivery();
  third.failures = 2;
  EXPECT_EQ(after(outcome(OutcomeCode::retry), third), (Step{next::Retry{kNow + 2s, true, false}}));
  EXPECT_EQ(after(outcome(OutcomeCode::retry, 1min), delivery()), (Step{next::Retry{kNow + 1min, true, false}}));
}

TEST(NextStep, AnAmbiguousRetrySetsTheMark) {
  EXPECT_EQ(after(outcome(OutcomeCode::retry, {}, true), delivery()), (Step{next::Retry{kNow + 500ms, true, true}}));
}

TEST(NextStep, RetryAtOrBeyondTheEndExpires) {
  auto d = delivery();
  d.expires_at = kNow + 500ms;
  EXPECT_EQ(after(outcome(OutcomeCode::retry), d), (Step{next::DeadLetter{DeliveryState::expired}}));
  d.expires_at = kNow + 501ms;
  EXPECT_EQ(after(outcome(OutcomeCode::retry), d), (Step{next::Retry{kNow + 500ms, true, false}}));
  d.fallback = {"mail"};
  EXPECT_EQ(after(outcome(OutcomeCode::retry, 2h), d), (Step{next::FallBack{DeliveryState::expired, false}}));
  EXPECT_EQ(after(outcome(OutcomeCode::retry, base::Millis::max(), true), d), (Step{next::FallBack{DeliveryState::expired, true}}));
}

TEST(NextStep, RateLimitedPausesWhatWasNamed) {
  const auto until = kNow + 7s;
  const Next again = next::Retry{until, false, false};
  EXPECT_EQ(limited(LimitScope::recipient, 7s), (Step{again, Pause{Pause::Scope::recipient_queue, until}}));
  EXPECT_EQ(limited(LimitScope::credential, 7s), (Step{again, Pause{Pause::Scope::account, until}}));
  for (const auto scope : {LimitScope::method, LimitScope::none}) {
    EXPECT_EQ(limited(scope, 7s), (Step{again, Pause{Pause::Scope::sink, until}}));
  }
}

TEST(NextStep, RateLimitedWithoutATimeWaits30Seconds) {
  const auto until = kNow + 30s;
  for (const auto unsaid : {std::optional<base::Millis>(), std::optional<base::Millis>(0ms), std::optional<base::Millis>(-1s)}) {
    EXPECT_EQ(limited(LimitScope::credential, unsaid), (Step{next::Retry{until, false, false}, Pause{Pause::Scope::account, until}}));
  }
}

TEST(NextStep, RateLimitedBeyondTheEndExpiresAndStillPauses) {
  auto o = outcome(OutcomeCode::rate_limited, 50min);
  o.limit_scope = LimitScope::credential;
  auto d = delivery();
  d.expires_at = kNow + 40min;
  EXPECT_EQ(after(o, d), (Step{next::DeadLetter{DeliveryState::expired}, Pause{Pause::Scope::account, kNow + 50min}}));
}

TEST(NextStep, RateLimitedForLongerThanIsBelievedIsTriedBeforeTheEnd) {
  auto o = outcome(OutcomeCode::rate_limited, 2h);
  o.limit_scope = LimitScope::credential;
  auto d = delivery();
  d.expires_at = kNow + 40min;
  const auto until = kNow + 20min;
  EXPECT_EQ(after(o, d), (Step{next::Retry{until, false, false}, Pause{Pause::Scope::account, until}}));
}

TEST(NextStep, RejectedFallsBackOrDies) {
  EXPECT_EQ(after(outcome(OutcomeCode::rejected), delivery()), (Step{next::DeadLetter{DeliveryState::rejected}}));
  EXPECT_EQ(after(outcome(OutcomeCode::rejected), delivery({"mail", "pager"})), (Step{next::FallBack{DeliveryState::rejected, false}}));
  auto marked = delivery({"mail"});
  marked.possible_duplicate = true;
  EXPECT_EQ(after(outcome(OutcomeCode::rejected), marked), (Step{next::FallBack{DeliveryState::rejected, true}}))
      << "an earlier attempt may have arrived";
}

TEST(NextStep, MisconfiguredParksAndKeeps) {
  EXPECT_EQ(after(outcome(OutcomeCode::misconfigured), delivery({"mail"})), (Step{next::Retry{kNow + 500ms, true, false}, {}, true}));
  auto soon = delivery({"mail"});
  soon.expires_at = kNow + 100ms;
  EXPECT_EQ(after(outcome(OutcomeCode::misconfigured), soon), (Step{next::Retry{kNow + 100ms, true, false}, {}, true}))
      << "the configuration may be fixed in time";
  soon.expires_at = kNow;
  EXPECT_EQ(after(outcome(OutcomeCode::misconfigured), soon), (Step{next::FallBack{DeliveryState::expired, false}, {}, true}));
}

TEST(NextStep, AnUnknownCodeIsARetry) {
  EXPECT_EQ(after(outcome(static_cast<OutcomeCode>(99)), delivery()), (Step{next::Retry{kNow + 500ms, true, false}}));
}

TEST(Expire, FallsBackOrDies) {
  EXPECT_EQ(expire(delivery(), false), (Step{next::DeadLetter{DeliveryState::expired}}));
  EXPECT_EQ(expire(delivery({"mail"}), false), (Step{next::FallBack{DeliveryState::expired, false}}));
  EXPECT_EQ(expire(delivery({"mail"}), true), (Step{next::FallBack{DeliveryState::expired, true}}));
}

}  // namespace
}  // namespace belfry::policy
