#include "plugin/limits.hpp"

#include <gtest/gtest.h>

namespace belfry::plugin {
namespace {

TEST(Replacements, AtMostFourAndUsedAgain) {
  net::Runtime plugins("plugin", 1, base::Logger(base::LogLevel::error, std::make_shared<base::Scrubber>()));
  Replacements replacements(plugins);
  replacements.thread_held();
  EXPECT_EQ(plugins.threads(), 2U);
  replacements.thread_free();
  replacements.thread_held();  // the thread that came back stands in
  EXPECT_EQ(plugins.threads(), 2U);
  for (int i = 0; i < 10; ++i) replacements.thread_held();
  EXPECT_EQ(plugins.threads(), 5U);
}

}  // namespace
}  // namespace belfry::plugin
