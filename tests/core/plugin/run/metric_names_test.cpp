#include "plugin/run/metric_names.hpp"

#include <gtest/gtest.h>

namespace belfry::plugin {
namespace {

TEST(MetricNamesTest, AreWellFormed) {
  MetricNames names;
  const std::string longest(BELFRY_MAX_METRIC_NAME_BYTES, 'a');
  for (const std::string& good : {std::string("a"), std::string("posts_2"), longest}) EXPECT_TRUE(names.admit(good, true)) << good;
  for (const std::string& bad :
       {std::string(), std::string("Posts"), std::string("_a"), std::string("1a"), std::string("a-b"), longest + "a"})
    EXPECT_FALSE(names.admit(bad, true)) << bad;
}

TEST(MetricNamesTest, HaveOneKindEach) {
  MetricNames names;
  EXPECT_TRUE(names.admit("posts", true));
  EXPECT_TRUE(names.admit("posts", true));
  EXPECT_FALSE(names.admit("posts", false));
}

TEST(MetricNamesTest, AreBounded) {
  MetricNames names;
  for (unsigned i = 0; i < BELFRY_MAX_METRICS; ++i) EXPECT_TRUE(names.admit("n" + std::to_string(i), false));
  EXPECT_FALSE(names.admit("another", false));
  EXPECT_TRUE(names.admit("n0", false));
}

}  // namespace
}  // namespace belfry::plugin
