#include "policy/rate_limit.hpp"

#include <algorithm>
#include <limits>

namespace belfry::policy {

using std::chrono::nanoseconds;

TokenBucket::TokenBucket(RateLimit limit) {
  if (limit.events == 0 || limit.period.count() <= 0) return;
  interval_ = nanoseconds(limit.period) / limit.events;
  constexpr nanoseconds kDeepest = std::chrono::days(365);  // keeps every figure that fits the type from overflowing
  depth_ = limit.burst < kDeepest / std::max(interval_, nanoseconds(1)) ? interval_ * std::max<std::uint32_t>(limit.burst, 1) : kDeepest;
}

std::optional<base::Timestamp> TokenBucket::take(base::Timestamp now) {
  if (now < paused_until_) return paused_until_;
  // Never further ahead than an empty bucket is: more can only come from a clock that was set back.
  const auto full_at = std::clamp<Instant>(full_at_, now, now + depth_);
  const auto after = full_at + interval_;
  if (after > now + depth_) return std::chrono::ceil<base::Millis>(after - depth_);
  full_at_ = after;
  return std::nullopt;
}

std::size_t TokenBucket::available(base::Timestamp now) const {
  if (now < paused_until_) return 0;
  if (interval_.count() == 0) return std::numeric_limits<std::size_t>::max();
  const auto full_at = std::clamp<Instant>(full_at_, now, now + depth_);
  return static_cast<std::size_t>((now + depth_ - full_at) / interval_);
}

base::Timestamp TokenBucket::next(base::Timestamp now) const {
  auto copy = *this;
  return copy.take(now).value_or(now);
}

void TokenBucket::pause_until(base::Timestamp until) { paused_until_ = std::max(paused_until_, until); }

bool TokenBucket::idle(base::Timestamp now) const { return full_at_ <= now && paused_until_ <= now; }

}  // namespace belfry::policy
