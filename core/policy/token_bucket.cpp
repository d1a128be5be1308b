#include "policy/token_bucket.hpp"

#include <algorithm>
#include <limits>

#include "policy/retry_after.hpp"

namespace belfry::policy {
namespace {

base::Millis ceil_millis(std::chrono::nanoseconds wait) {
  return std::chrono::ceil<base::Millis>(std::max(wait, std::chrono::nanoseconds(0)));
}

}  // namespace

TokenBucket::TokenBucket(RateLimit limit) { set(limit); }

void TokenBucket::set(RateLimit limit) {
  interval_ = depth_ = Nanos(0);
  if (limit.events == 0 || limit.period.count() <= 0) return;
  interval_ = Nanos(limit.period) / limit.events;
  constexpr Nanos kMaxDepth = std::chrono::days(365);  // keeps the arithmetic from overflowing with any limit
  const auto burst = std::max<std::uint32_t>(limit.burst, 1);
  depth_ = burst == 1 || interval_ < kMaxDepth / burst ? interval_ * burst : kMaxDepth;
}

void TokenBucket::reconfigure(RateLimit limit, base::SteadyTime now) {
  const bool was_limited = interval_.count() != 0;
  const auto left = now + depth_ - full_at(now);  // the tokens left in the old bucket, as time
  const auto tokens = was_limited ? static_cast<double>(left.count()) / static_cast<double>(interval_.count()) : 0;
  set(limit);
  if (!was_limited || interval_.count() == 0) {
    full_at_ = {};
    return;
  }
  const auto kept = std::min(tokens * static_cast<double>(interval_.count()), static_cast<double>(depth_.count()));
  full_at_ = now + depth_ - Nanos(static_cast<std::int64_t>(kept));
}

// Bounded by the time at which an empty bucket would be full.
base::SteadyTime TokenBucket::full_at(base::SteadyTime now) const { return std::clamp<base::SteadyTime>(full_at_, now, now + depth_); }

std::size_t TokenBucket::available(base::SteadyTime now) const {
  if (now < paused_until_) return 0;
  if (interval_.count() == 0) return std::numeric_limits<std::size_t>::max();
  return static_cast<std::size_t>((now + depth_ - full_at(now)) / interval_);
}

base::Millis TokenBucket::wait(base::SteadyTime now, std::size_t ahead) const {
  const auto from = std::max(now, paused_until_);
  if (interval_.count() == 0) return ceil_millis(from - now);
  const auto turn = full_at(from) + interval_ * static_cast<std::int64_t>(ahead + 1) - depth_;
  return ceil_millis(std::max(from, turn) - now);
}

base::Millis TokenBucket::take(base::SteadyTime now) {
  if (available(now) == 0) return wait(now);
  full_at_ = full_at(now) + interval_;
  return base::Millis(0);
}

std::size_t TokenBucket::reserve(std::size_t max, base::SteadyTime now) {
  const auto got = std::min(max, available(now));
  full_at_ = full_at(now) + interval_ * static_cast<std::int64_t>(interval_.count() == 0 ? 0 : got);
  return got;
}

void TokenBucket::release(std::size_t count) { full_at_ -= interval_ * static_cast<std::int64_t>(interval_.count() == 0 ? 0 : count); }

void TokenBucket::pause(base::Millis how_long, base::SteadyTime now) {
  paused_until_ = std::max(paused_until_, now + bounded_wait(how_long));
}

base::Millis TokenBucket::remaining_pause(base::SteadyTime now) const { return ceil_millis(paused_until_ - now); }

}  // namespace belfry::policy
