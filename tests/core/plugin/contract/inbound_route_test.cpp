#include "plugin/contract/inbound_route.hpp"

#include <gmock/gmock.h>

#include "plugin/contract/abi.hpp"

namespace belfry::plugin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

base::Result<std::vector<InboundRoute>> read_routes(const std::vector<belfry_inbound_route>& routes) {
  return read_inbound_routes("a.so", routes.data(), static_cast<std::uint32_t>(routes.size()));
}

std::string refusal_of_routes(const std::vector<belfry_inbound_route>& routes) {
  const auto read = read_routes(routes);
  return read ? "" : read.error().message;
}

TEST(InboundRoutes, AreCopied) {
  EXPECT_THAT(*read_inbound_routes("a.so", nullptr, 0), IsEmpty());
  std::string path = "/in/status";
  const auto routes = read_routes({{str("POST"), str("/in")}, {str("GET"), str(path)}});
  path.assign(path.size(), 'x');
  ASSERT_TRUE(routes);
  EXPECT_THAT(*routes, ElementsAre(InboundRoute{"POST", "/in"}, InboundRoute{"GET", "/in/status"}));
}

TEST(InboundRoutes, InvalidOnesAreRefused) {
  struct Row {
    const char* method;
    const char* path;
  };
  for (const auto& row : {Row{"", "/in"}, Row{"POST", ""}, Row{"POST", "in"}, Row{"PO ST", "/in"}, Row{"POST\r\n", "/in"}}) {
    EXPECT_THAT(refusal_of_routes({{str(row.method), str(row.path)}}),
                ::testing::MatchesRegex("a.so: names the inbound route .*, wanted \"METHOD /path\""))
        << row.method << " " << row.path;
  }
  EXPECT_EQ(refusal_of_routes({{str("POST"), {nullptr, 3}}}), "a.so: names the inbound route \"POST \", wanted \"METHOD /path\"");
}

TEST(InboundRoutes, OnePathTwice) {
  EXPECT_EQ(refusal_of_routes({{str("POST"), str("/in")}, {str("GET"), str("/in")}}),
            "a.so: names the inbound path \"/in\" twice, wanted one method for each path");
}

TEST(InboundRoutes, TheirNumberIsBounded) {
  std::vector<std::string> paths;
  for (unsigned i = 0; i <= BELFRY_MAX_INBOUND_ROUTES; ++i) paths.push_back("/" + std::to_string(i));
  std::vector<belfry_inbound_route> routes;
  for (const auto& path : paths) routes.push_back({str("POST"), str(path)});
  EXPECT_EQ(refusal_of_routes(routes), "a.so: names 65 inbound routes, wanted at most 64");
  routes.pop_back();
  EXPECT_EQ(refusal_of_routes(routes), "");
}

TEST(InboundRoutes, ACountWithoutAnArray) {
  const auto routes = read_inbound_routes("a.so", nullptr, 2);
  ASSERT_FALSE(routes);
  EXPECT_EQ(routes.error().message, "a.so: counts 2 inbound routes, but has no array of them");
}

TEST(InboundRoutes, AreQueriedFromTheTable) {
  EXPECT_THAT(*inbound_routes_of("a.so", belfry_sink_inbound_http{}, nullptr), IsEmpty());
  belfry_sink_inbound_http table{};
  table.routes = [](void* self, const belfry_inbound_route** routes) -> std::uint32_t {
    *routes = static_cast<const belfry_inbound_route*>(self);
    return 1;
  };
  belfry_inbound_route one{str("POST"), str("/in")};
  EXPECT_THAT(*inbound_routes_of("a.so", table, &one), ElementsAre(InboundRoute{"POST", "/in"}));
}

}  // namespace
}  // namespace belfry::plugin
