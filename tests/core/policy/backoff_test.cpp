#include "policy/backoff.hpp"
#include "policy/retry_after.hpp"

#include <limits>

namespace belfry::policy {
namespace {

using namespace std::chrono_literals;

struct Row {
  std::uint32_t failures;
  double random;
  std::optional<base::Millis> at_least;
  base::Millis wanted;
};

TEST(Backoff, Table) {
  const Row rows[] = {
      {1, 0.0, {}, 500ms},
      {1, 0.5, {}, 750ms},
      {2, 0.0, {}, 1s},
      {2, 1.0, {}, 2s},
      {5, 0.0, {}, 8s},
      {10, 0.0, {}, 256s},
      {11, 0.0, {}, 300s},
      {11, 0.999999, {}, base::Millis(599'999)},
      {std::numeric_limits<std::uint32_t>::max(), 0.0, {}, 300s},
      {0, 0.0, {}, 500ms},
      // The wait requested by the remote is only a minimum.
      {1, 0.0, 30s, 30s},
      {11, 0.0, 1s, 300s},
      {1, 0.0, 0ms, 500ms},
      {1, 0.0, -5s, 500ms},
      {1, 0.0, base::Millis::max(), 1h},
      // A random number out of range is the caller's bug, and harmless.
      {2, -3.0, {}, 1s},
      {2, 7.0, {}, 2s},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(backoff_delay(row.failures, row.random, row.at_least), row.wanted)
        << "failures " << row.failures << ", random " << row.random << ", at least " << row.at_least.value_or(-1ms).count();
  }
}

TEST(Backoff, NeverShrinksWithTheFailures) {
  auto last = 0ms;
  for (std::uint32_t failures = 1; failures < 40; ++failures) {
    const auto delay = backoff_delay(failures, 0.3);
    EXPECT_GE(delay, last);
    last = delay;
  }
}

TEST(BoundedWait, KeepsTimesAddable) {
  EXPECT_EQ(bounded_wait(base::Millis::min()), 0ms);
  EXPECT_EQ(bounded_wait(17s), 17s);
  EXPECT_EQ(bounded_wait(base::Millis::max()), 1h);
}

TEST(BoundedWait, WhatIsNotBelievedDoesNotMakeADeliveryExpire) {
  EXPECT_EQ(bounded_wait(40min, 10min), 40min) << "trusted";
  EXPECT_EQ(bounded_wait(1h, 10min), 1h);
  EXPECT_EQ(bounded_wait(99'999'999s, 24h), 1h);
  EXPECT_EQ(bounded_wait(99'999'999s, 30min), 15min);
  EXPECT_EQ(bounded_wait(99'999'999s, 40s), 30s);
  EXPECT_EQ(bounded_wait(99'999'999s, -1h), 30s);
  EXPECT_EQ(bounded_wait(base::Millis::max(), base::Millis::max()), 1h);
}

}  // namespace
}  // namespace belfry::policy
