#include "slack/budgets.hpp"

#include <algorithm>

namespace belfry::slack {
namespace {

using std::chrono::minutes;

constexpr std::size_t index(Call call) { return static_cast<std::size_t>(call); }

}  // namespace

// docs.slack.dev, rate limits: Tier 2 is 20 and more a minute, Tier 3 is 50 and more, each with bursts.
Budgets::Rate Budgets::rate(Call call) const {
  constexpr std::uint32_t kAtOnce = 20;
  switch (call) {
    case Call::auth_test: return {100, kAtOnce};  // "hundreds of requests per minute"
    case Call::users_list: return {20, 1};
    case Call::lookup: return {lookups_per_minute_, std::max(kAtOnce, lookups_per_minute_ / 50)};
    case Call::open:
    case Call::history:
    case Call::replies:
    case Call::update: return {50, kAtOnce};
    case Call::post:
    case Call::renew:
    case Call::exchange:
    case Call::validate: break;
  }
  return {};
}

void Budgets::use(Services services) {
  services_ = services;
  for (std::size_t i = 0; i < kCalls; ++i) {
    const auto [per_minute, at_once] = rate(Call{i});
    if (per_minute != 0) services_.rate_limit().define(budget(Call{i}), per_minute, minutes(1), at_once);
  }
}

Task<> Budgets::take(Call call) {
  if (rate(call).per_minute != 0) co_await services_.rate_limit().acquire(budget(call));
}

Task<> Budgets::take_post(std::string channel) { co_await services_.rate_limit().acquire(posts_in(std::move(channel))); }

void Budgets::limited(Call call, Millis after) {
  if (rate(call).per_minute != 0) services_.rate_limit().limited(budget(call), after);  // else the outcome says it to the gateway
}

void Budgets::limited_post(const std::string& channel, Millis after) { services_.rate_limit().limited(posts_in(channel), after); }

Millis Budgets::wait(Call call) const { return rate(call).per_minute == 0 ? Millis(0) : services_.rate_limit().wait(budget(call)); }

Millis Budgets::wait_post(const std::string& channel) const { return services_.rate_limit().wait(posts_in(channel)); }

Millis Budgets::turn(Call call) {
  const Millis now = services_.clock().monotonic();
  Millis& last = last_turn_[index(call)];
  last = std::max(last + Millis(minutes(1)) / rate(call).per_minute, now + wait(call));
  return last - now;
}

}  // namespace belfry::slack
