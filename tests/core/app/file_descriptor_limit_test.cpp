#include "app/file_descriptor_limit.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "app/listeners.hpp"

namespace belfry::app {
namespace {

config::Settings settings(std::size_t connections, std::size_t sinks = 1) {
  config::Settings out;
  out.file = "belfry.yaml";
  out.server.max_connections = connections;
  out.sinks.resize(sinks);
  return out;
}

TEST(Descriptors, ReserveIsKeptForTheGatewayItself) {
  EXPECT_GT(reserved_descriptors(settings(1024), 65'536), kAdminConnections);
  EXPECT_GT(reserved_descriptors(settings(1024, 4), 65'536), reserved_descriptors(settings(1024, 1), 65'536));
  EXPECT_EQ(reserved_descriptors(settings(1024), 256), 128U) << "never more than half";
}

TEST(Descriptors, ConnectionsFitTheLimit) {
  EXPECT_EQ(connections_within(settings(1024), 65'536), 1024U);
  EXPECT_EQ(connections_within(settings(100'000), 131'072), 100'000U) << "with the limit of the unit";
  EXPECT_LT(connections_within(settings(1024), 1024), 1024U);
  EXPECT_EQ(connections_within(settings(1024), 1), 1U);
}

TEST(Descriptors, SaysWhatDoesNotFit) {
  EXPECT_FALSE(check_descriptors(settings(1024), 65'536));
  const auto problem = check_descriptors(settings(2000), 1024);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->severity, config::Diagnostic::Severity::warning);
  EXPECT_NE(problem->text.find("server.max_connections is 2000, and the limit of 1024 open files leaves"), std::string::npos)
      << problem->text;
}

TEST(Descriptors, TheSoftLimitBecomesTheHardOne) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{std::min<rlim_t>(before.rlim_max, 300), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptor_limit(), std::min<rlim_t>(before.rlim_max, 1'048'576));
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace belfry::app
