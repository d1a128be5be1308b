#include "policy/retry_after.hpp"

#include <algorithm>

namespace belfry::policy {

base::Millis bounded_wait(base::Millis requested) { return std::clamp(requested, base::Millis(0), kMaxRetryAfter); }

base::Millis bounded_wait(base::Millis requested, base::Millis left) {
  constexpr base::Millis kSoonest = std::chrono::seconds(30);
  if (requested <= kMaxRetryAfter) return bounded_wait(requested);
  return std::clamp(left / 2, kSoonest, kMaxRetryAfter);
}

}  // namespace belfry::policy
