#include "plugin/contract/abi.hpp"

#include <gtest/gtest.h>

namespace belfry::plugin {
namespace {

belfry_status write_to(const Collector& collector, std::string_view piece) {
  return collector.writer()->write(collector.writer()->ctx, str(piece));
}

TEST(Collector, JoinsPieces) {
  const Collector collector;
  EXPECT_EQ(write_to(collector, "one "), BELFRY_OK);
  EXPECT_EQ(write_to(collector, ""), BELFRY_OK);
  EXPECT_EQ(write_to(collector, "two"), BELFRY_OK);
  EXPECT_EQ(collector.text(), "one two");
  EXPECT_TRUE(collector.complete());
}

TEST(Collector, FailsAboveTheBound) {
  const Collector collector;
  const std::string almost_all(BELFRY_MAX_WRITTEN_BYTES - 1, 'x');
  EXPECT_EQ(write_to(collector, almost_all), BELFRY_OK);
  EXPECT_EQ(write_to(collector, "y"), BELFRY_OK);
  EXPECT_TRUE(collector.complete());
  EXPECT_NE(write_to(collector, "z"), BELFRY_OK);
  EXPECT_FALSE(collector.complete());
  EXPECT_EQ(collector.text(), almost_all + "y");
}

TEST(Abi, MonotonicTimesAreInMilliseconds) {
  EXPECT_EQ(to_monotonic_ms(base::SteadyTime(base::Millis(1'234)) + std::chrono::microseconds(999)), 1'234);
}

}  // namespace
}  // namespace belfry::plugin
