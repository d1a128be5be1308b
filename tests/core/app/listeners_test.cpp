#include "app/listeners.hpp"

#include <gtest/gtest.h>

namespace belfry::app {
namespace {

using namespace std::chrono_literals;

TEST(Listeners, AConnectionThatWasNeverUsedHasLessTimeThanAKeptOne) {
  constexpr auto kGoKeepsUnusedConnections = 90s;  // net/http, DefaultTransport.IdleConnTimeout
  const auto limits = source_limits();
  EXPECT_LT(limits.first_request_timeout, limits.idle_timeout);
  EXPECT_GT(limits.first_request_timeout, kGoKeepsUnusedConnections) << "Go does not retry a request that fails on one";
  EXPECT_LE(limits.crowded_first_request_timeout, 10s);
}

}  // namespace
}  // namespace belfry::app
