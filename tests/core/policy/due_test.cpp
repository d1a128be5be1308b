#include "policy/due.hpp"

namespace belfry::policy {
namespace {

using namespace std::chrono_literals;
constexpr base::Timestamp kReceived{base::Millis(1'700'000'000'000)};

TEST(Due, TheSmallestAgeCounts) {
  EXPECT_EQ(expires_at(kReceived, 24h, {}, {}), kReceived + 24h);
  EXPECT_EQ(expires_at(kReceived, 24h, 2h, {}), kReceived + 2h);
  EXPECT_EQ(expires_at(kReceived, 24h, {}, 10min), kReceived + 10min);
  EXPECT_EQ(expires_at(kReceived, 24h, 2h, 10min), kReceived + 10min);
  EXPECT_EQ(expires_at(kReceived, 24h, 1min, 10min), kReceived + 1min);
  EXPECT_EQ(expires_at(kReceived, 24h, 48h, 72h), kReceived + 24h) << "a route cannot make a sink keep things longer";
  EXPECT_EQ(expires_at(kReceived, 24h, 0ms, {}), kReceived);
}

}  // namespace
}  // namespace belfry::policy
