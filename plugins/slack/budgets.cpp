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
  if (rate(call).per_minute == 0) co_return;
  co_await take_from(lines_[index(call)], rate(call), budget(call));
}

Task<> Budgets::take_post(std::string channel) {
  Line& line = channels_[channel];
  Budget budget{credential_, "", std::move(channel)};
  co_await take_from(line, kPosts, std::move(budget));
}

Task<> Budgets::take_from(Line& line, Rate rate, Budget budget) const {
  line.used_until = std::max(line.used_until, services_.clock().monotonic()) + Millis(minutes(1)) / rate.per_minute;
  co_await services_.rate_limit().acquire(std::move(budget));
}

void Budgets::limited(Call call, Millis after) {
  if (rate(call).per_minute == 0) return;  // the outcome says it to the gateway
  Line& line = lines_[index(call)];
  line.limited_until = std::max(line.limited_until, services_.clock().monotonic() + after);
  services_.rate_limit().limited(budget(call), after);
}

Millis Budgets::wait(Call call) const { return rate(call).per_minute == 0 ? Millis(0) : wait_for(lines_[index(call)], rate(call)); }

Millis Budgets::wait_post(const std::string& channel) const {
  const auto line = channels_.find(channel);
  return line == channels_.end() ? Millis(0) : wait_for(line->second, kPosts);
}

Millis Budgets::wait_for(const Line& line, Rate rate) const {
  const Millis now = services_.clock().monotonic();
  const Millis each = Millis(minutes(1)) / rate.per_minute;
  const Millis earned = std::max(line.used_until, now) + each - each * rate.at_once;
  return std::max({Millis(0), earned - now, line.limited_until - now});
}

}  // namespace belfry::slack
