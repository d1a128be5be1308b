#include "plugin/inspect/catalogue.hpp"

#include <gmock/gmock.h>

#include "plugin/inspect/probe_protocol.hpp"

namespace belfry::plugin {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(CatalogueTest, ATypeThatThisHostCannotRunIsExplained) {
  CatalogueEntry entry;
  entry.file = "/usr/lib/belfry/plugins/two.so";
  entry.types.push_back({.type = "mails"});
  entry.refused_types.push_back({"mail", "the type \"mail\" requires the service x, which this gateway does not have; update the gateway"});
  const Catalogue catalogue{{entry}};
  EXPECT_EQ(catalogue.find("mail").type, nullptr);
  EXPECT_EQ(catalogue.find("mails").type, catalogue.entries[0].types.data());
  EXPECT_EQ(
      catalogue.not_found_message("mail"),
      "/usr/lib/belfry/plugins/two.so: the type \"mail\" requires the service x, which this gateway does not have; update the gateway");
  EXPECT_THAT(catalogue.not_found_message("malis"), HasSubstr("did you mean \"mails\"?"));
}

// ---- The protocol of the probe

TEST(ProbeProtocol, TypesArriveWhole) {
  const PluginType type{.type = "slack",
                        .title = "Slack",
                        .version = "1.2",
                        .license = "MIT",
                        .schema = {{"type", "object"}, {"properties", json::object()}},
                        .access = ~std::uint64_t{0},
                        .services = {BELFRY_HOST_KV_1, BELFRY_HOST_CLOCK_1},
                        .optional_services = {"belfry.host.telepathy/1"}};
  EXPECT_EQ(type_from_json(json::parse(to_json(type).dump())), type);
  const RefusedType refused{"mail", "why"};
  EXPECT_EQ(refused_type_from_json(json::parse(to_json(refused).dump())), refused);
}

TEST(ProbeProtocol, FindingsKeepTheirSeverity) {
  for (const auto severity : {Finding::Severity::error, Finding::Severity::warning, Finding::Severity::note}) {
    const Finding finding{severity, "/a", "text"};
    EXPECT_EQ(finding_from_json(json::parse(to_json(finding).dump())), finding);
  }
}

}  // namespace
}  // namespace belfry::plugin
