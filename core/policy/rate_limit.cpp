#include "policy/rate_limit.hpp"

#include <algorithm>
#include <limits>

namespace belfry::policy {

using std::chrono::nanoseconds;

TokenBucket::TokenBucket(RateLimit limit) {
  if (limit.events == 0 || limit.period.count() <= 0) return;
  interval_ = nanoseconds(limit.period) / limit.events;
  constexpr nanoseconds kDeepest = std::chrono::days(365);  // keeps every figure that fits the types from overflowing
  const auto burst = std::max<std::uint32_t>(limit.burst, 1);
  depth_ = burst == 1 || interval_ < kDeepest / burst ? interval_ * burst : kDeepest;
}

// Never further ahead than an empty bucket is: more can only come from a clock that was set back.
TokenBucket::Instant TokenBucket::full_at(base::Timestamp now) const { return std::clamp<Instant>(full_at_, now, now + depth_); }

std::size_t TokenBucket::available(base::Timestamp now) const {
  if (interval_.count() == 0) return std::numeric_limits<std::size_t>::max();
  return static_cast<std::size_t>((now + depth_ - full_at(now)) / interval_);
}

base::Timestamp TokenBucket::next(base::Timestamp now) const {
  if (available(now) > 0) return now;
  return std::chrono::ceil<base::Millis>(full_at(now) + interval_ - depth_);
}

std::optional<base::Timestamp> TokenBucket::take(base::Timestamp now) {
  if (available(now) == 0) return next(now);
  full_at_ = full_at(now) + interval_;
  return std::nullopt;
}

}  // namespace belfry::policy
