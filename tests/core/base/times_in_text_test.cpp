#include "base/times_in_text.hpp"

#include <gtest/gtest.h>

namespace belfry::base {
namespace {

TEST(TimesInTextTest, EveryTimeIsWrittenAnew) {
  const auto write = [](Timestamp time) { return "<" + std::to_string(time.time_since_epoch().count()) + ">"; };
  EXPECT_EQ(with_times("from 1970-01-01T00:00:01.000Z until 1970-01-01T00:00:02.500Z", write), "from <1000> until <2500>");
  for (const auto* other :
       {"", "no time", "1970-01-01T00:00:01Z", "1970-13-01T00:00:01.000Z", "1970-01-01T00:00:01.000", "TTTTTTTTTTTTTTTTTTTTTTTZ"})
    EXPECT_EQ(with_times(other, write), other);
}

}  // namespace
}  // namespace belfry::base
