#include "slack/web_api/rate_limits.hpp"

#include <algorithm>

namespace belfry::slack {
namespace {

using std::chrono::minutes;

constexpr std::size_t index(Method method) { return static_cast<std::size_t>(method); }

}  // namespace

// docs.slack.dev, rate limits: Tier 2 allows 20+ calls per minute, Tier 3 allows 50+, both with bursts.
RateLimits::Rate RateLimits::rate(Method method) const {
  constexpr std::uint32_t kAtOnce = 20;
  switch (method) {
    case Method::auth_test: return {100, kAtOnce};  // "hundreds of requests per minute"
    case Method::users_list: return {20, 1};
    case Method::lookup: return {lookups_per_minute_, std::max(kAtOnce, lookups_per_minute_ / 50)};
    case Method::open:
    case Method::history:
    case Method::replies:
    case Method::info:
    case Method::update: return {50, kAtOnce};
    case Method::post:
    case Method::renew:
    case Method::exchange:
    case Method::validate: break;
  }
  return {};
}

void RateLimits::use(Services services) {
  services_ = services;
  for (std::size_t i = 0; i < kMethodCount; ++i) {
    const auto [per_minute, at_once] = rate(Method{i});
    if (per_minute != 0) services_.rate_limit().define(calls_of(Method{i}), per_minute, minutes(1), at_once);
  }
}

Task<> RateLimits::acquire(Method method) {
  if (rate(method).per_minute != 0) co_await services_.rate_limit().acquire(calls_of(method));
}

Task<> RateLimits::acquire_post(std::string channel) { co_await services_.rate_limit().acquire(posts_in(std::move(channel))); }

void RateLimits::report_limited(Method method, Millis after) {
  if (rate(method).per_minute == 0) return;  // the outcome reports it to the gateway
  services_.rate_limit().report_limited(calls_of(method), after);
}

void RateLimits::report_limited_post(const std::string& channel, Millis after) {
  services_.rate_limit().report_limited(posts_in(channel), after);
}

Millis RateLimits::wait_time(Method method) const {
  return rate(method).per_minute == 0 ? Millis(0) : services_.rate_limit().wait_time(calls_of(method));
}

Millis RateLimits::wait_time_post(const std::string& channel) const { return services_.rate_limit().wait_time(posts_in(channel)); }

Millis RateLimits::next_slot(Method method) {
  const MonotonicTime now = services_.clock().monotonic();
  MonotonicTime& last = last_slot_[index(method)];
  last = std::max(last + Millis(minutes(1)) / rate(method).per_minute, now + wait_time(method));
  return last - now;
}

}  // namespace belfry::slack
