#include "policy/backoff.hpp"

#include <algorithm>

#include "policy/retry_after.hpp"

namespace belfry::policy {
namespace {

constexpr base::Millis kFirst = std::chrono::seconds(1);
constexpr base::Millis kCap = std::chrono::minutes(10);

base::Millis full_delay(std::uint32_t failures) {
  auto delay = kFirst;
  for (std::uint32_t i = 1; i < failures && delay < kCap; ++i) delay *= 2;
  return std::min(delay, kCap);
}

}  // namespace

base::Millis backoff_delay(std::uint32_t failures, double random, std::optional<base::Millis> at_least) {
  const auto full = full_delay(failures);
  const auto half = full / 2;
  const auto spread = static_cast<double>((full - half).count()) * std::clamp(random, 0.0, 1.0);
  const auto jittered = half + base::Millis(static_cast<std::int64_t>(spread));
  return at_least ? std::max(jittered, bounded_wait(*at_least)) : jittered;
}

}  // namespace belfry::policy
