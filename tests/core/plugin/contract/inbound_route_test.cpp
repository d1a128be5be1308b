#include "plugin/contract/inbound_route.hpp"

#include <gmock/gmock.h>

namespace belfry::plugin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(InboundRoutes, OneALine) {
  EXPECT_THAT(*parse_inbound_routes("a.so", ""), IsEmpty());
  EXPECT_THAT(*parse_inbound_routes("a.so", "POST /in\n\nGET /in/status"),
              ElementsAre(InboundRoute{"POST", "/in"}, InboundRoute{"GET", "/in/status"}));
}

TEST(InboundRoutes, WhatIsNoRoute) {
  for (const char* line : {"POST", "/in", "POST in", " /in", "POST  /in"}) {
    const auto routes = parse_inbound_routes("a.so", line);
    ASSERT_FALSE(routes) << line;
    EXPECT_EQ(routes.error().message, "a.so: names the inbound route \"" + std::string(line) + "\", wanted \"METHOD /path\"");
  }
}

TEST(InboundRoutes, OnePathTwice) {
  const auto routes = parse_inbound_routes("a.so", "POST /in\nGET /in\n");
  ASSERT_FALSE(routes);
  EXPECT_EQ(routes.error().message, "a.so: names the inbound path \"/in\" twice, wanted one method for each path");
}

}  // namespace
}  // namespace belfry::plugin
