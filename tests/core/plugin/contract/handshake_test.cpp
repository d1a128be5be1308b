#include "plugin/contract/handshake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/contract/abi.hpp"
#include "plugin/contract/host_services.hpp"

namespace belfry::plugin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

belfry_descriptor g_descriptors[2];
std::uint32_t g_count = 1;

belfry_descriptor descriptor(const char* type) {
  belfry_descriptor table{};
  table.size = sizeof table;
  table.type = str(type);
  table.title = str("Title");
  table.config_schema_json = str(R"({"type": "object"})");
  return table;
}

belfry_plugin_entry good() {
  g_count = 1;
  g_descriptors[0] = descriptor("one");
  g_descriptors[1] = descriptor("two");
  belfry_plugin_entry entry{};
  entry.size = sizeof entry;
  entry.magic = BELFRY_PLUGIN_MAGIC;
  entry.abi_major = BELFRY_ABI_MAJOR;
  entry.abi_minor = BELFRY_ABI_MINOR;
  entry.count = [] { return g_count; };
  entry.descriptor = [](std::uint32_t index) -> const belfry_descriptor* { return &g_descriptors[index]; };
  entry.create = [](belfry_str, const belfry_host*, void**, const belfry_sink_api**) -> belfry_status { return BELFRY_FAILED; };
  return entry;
}

std::string refusal(const belfry_plugin_entry& entry) {
  const auto result = negotiate("x.so", &entry);
  return result ? "" : result.error().message;
}

TEST(Handshake, Good) {
  auto entry = good();
  g_count = 2;
  const auto result = negotiate("x.so", &entry);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->types.size(), 2U);
  EXPECT_EQ(result->types[1].type, "two");
  EXPECT_TRUE(result->refused.empty());
}

TEST(Handshake, APluginOfAnotherMinorVersionIsAccepted) {
  auto entry = good();
  entry.abi_minor = BELFRY_ABI_MINOR + 7;
  EXPECT_EQ(refusal(entry), "");
  entry.needs_host_minor = BELFRY_ABI_MINOR + 7;
  EXPECT_EQ(refusal(entry), "x.so: needs a gateway with plugin ABI 1.7, this one has 1.0; update the gateway");
}

TEST(Handshake, AnotherMajorVersionIsRefused) {
  auto entry = good();
  entry.abi_major = 0;
  EXPECT_THAT(refusal(entry), HasSubstr("x.so: built for plugin ABI 0, wanted 1; rebuild the plugin from its source"));
  entry.abi_major = 2;
  EXPECT_EQ(refusal(entry), "x.so: built for plugin ABI 2, wanted 1; update the gateway");
}

TEST(Handshake, ANewerPluginMayBeLonger) {
  struct Longer {
    belfry_plugin_entry entry;
    std::uint64_t more;
  };
  Longer longer{good(), 7};
  longer.entry.size = sizeof longer;
  EXPECT_TRUE(negotiate("x.so", &longer.entry));
}

TEST(Handshake, Refusals) {
  EXPECT_EQ(negotiate("x.so", nullptr).error().message, "x.so: belfry_plugin_entry_v1() returned null, wanted a table");
  auto entry = good();
  entry.size = 3;
  EXPECT_EQ(refusal(entry), "x.so: the entry table has 3 bytes, wanted at least 48");
  entry = good();
  entry.size = offsetof(belfry_plugin_entry, create);
  EXPECT_EQ(refusal(entry), "x.so: the entry table has 40 bytes, wanted at least 48");
  entry = good();
  entry.create = nullptr;
  EXPECT_EQ(refusal(entry), "x.so: the entry's function create is null, wanted a function");
  entry = good();
  g_count = 0;
  EXPECT_EQ(refusal(entry), "x.so: offers 0 types of sink, wanted 1 to 64");
  g_count = 0xFFFFFFFF;
  EXPECT_THAT(refusal(entry), HasSubstr("offers 4294967295 types"));
  entry = good();
  entry.descriptor = [](std::uint32_t) -> const belfry_descriptor* { return nullptr; };
  EXPECT_EQ(refusal(entry), "x.so: descriptor 0 is null, wanted a table");
}

TEST(Handshake, Descriptors) {
  auto entry = good();
  g_count = 2;
  g_descriptors[1] = descriptor("one");
  EXPECT_EQ(refusal(entry), "x.so: offers the type \"one\" twice, wanted each once");
  for (const char* bad : {"", "1st", "Slack", "sl ack", "abcdefghijklmnopqrstuvwxyz0123456"}) {
    g_descriptors[1] = descriptor(bad);
    EXPECT_THAT(refusal(entry), HasSubstr("wanted [a-z][a-z0-9_-]{0,31}")) << bad;
  }
  g_descriptors[1] = descriptor("two");
  g_descriptors[1].size = 8;
  EXPECT_EQ(refusal(entry), "x.so: descriptor 1 has 8 bytes, wanted at least 88");
  g_descriptors[1] = descriptor("two");
  g_descriptors[1].config_schema_json = {nullptr, 5};
  EXPECT_THAT(refusal(entry), HasSubstr("the configuration schema of \"two\" is not JSON"));
}

// A secret that the gateway does not recognize would be written to the log.
TEST(Handshake, ASecretWhereItWouldNotBeRecognizedIsRefused) {
  auto entry = good();
  g_count = 2;
  const auto refusal_of = [&](std::string_view schema) {
    g_descriptors[1] = descriptor("two");
    g_descriptors[1].config_schema_json = str(schema);
    return refusal(entry);
  };
  constexpr std::string_view kSecret = R"({"properties":{"a":{"type":"string","x-secret":true}}})";
  for (const char* keyword : {"if", "then", "else", "not"}) {
    const std::string inside = "{\"" + std::string(keyword) + "\":" + std::string(kSecret) + "}";
    for (const auto& schema :
         {R"({"type":"object",)" + inside.substr(1), R"({"type":"object","properties":{"p":)" + inside + "}}",
          R"({"type":"object","allOf":[)" + inside + "]}", R"({"type":"object","definitions":{"d":)" + inside + "}}"}) {
      EXPECT_THAT(refusal_of(schema), HasSubstr("has an x-secret below \"" + std::string(keyword) + "\"")) << schema;
    }
  }
  EXPECT_EQ(refusal_of(R"({"type":"object","properties":{"if":{"type":"string","x-secret":true}},"if":{"required":["if"]},"then":{}})"),
            "");
}

// ---- Services, access and features that a type names

class Requirements : public ::testing::Test {
 protected:
  Requirements() { entry_ = good(); }
  PluginType type() {
    const auto result = negotiate("x.so", &entry_);
    EXPECT_TRUE(result) << result.error().message;
    return result ? result->types.at(0) : PluginType{};
  }
  belfry_plugin_entry entry_;
  std::vector<belfry_str> ids_{str(BELFRY_HOST_KV_1), str("belfry.host.telepathy/1")};
};

TEST_F(Requirements, AreCarried) {
  g_descriptors[0].access = BELFRY_ACCESS_NETWORK | BELFRY_ACCESS_FILES | 0x100;
  g_descriptors[0].services = ids_.data();
  g_descriptors[0].service_count = 1;
  g_descriptors[0].optional_services = ids_.data();
  g_descriptors[0].optional_service_count = 2;
  const auto read = type();
  EXPECT_EQ(read.access, BELFRY_ACCESS_NETWORK | BELFRY_ACCESS_FILES | 0x100);
  EXPECT_THAT(read.services, ElementsAre(BELFRY_HOST_KV_1));
  EXPECT_THAT(read.optional_services, ElementsAre(BELFRY_HOST_KV_1, "belfry.host.telepathy/1")) << "this host need not have them";
}

TEST_F(Requirements, OfADescriptorThatEndsBeforeThem) {
  g_descriptors[0].services = nullptr;
  g_descriptors[0].service_count = 7;
  g_descriptors[0].must_understand = 1;
  g_descriptors[0].size = offsetof(belfry_descriptor, must_understand);
  EXPECT_THAT(type().services, IsEmpty());
}

TEST_F(Requirements, AServiceThatThisHostLacksRefusesTheType) {
  g_descriptors[0].services = ids_.data();
  g_descriptors[0].service_count = 2;
  EXPECT_EQ(refusal(entry_),
            "x.so: the type \"one\" requires the service belfry.host.telepathy/1, which this gateway does not have; update the gateway");
}

TEST_F(Requirements, AnUnknownBitRefusesTheType) {
  g_descriptors[0].must_understand = 5;
  EXPECT_EQ(
      refusal(entry_),
      "x.so: the type \"one\" requires features of a newer gateway (must_understand is 0x5, and this gateway understands no bit of it); "
      "update the gateway");
}

TEST_F(Requirements, TheOtherTypesOfTheFileStayUsable) {
  g_count = 2;
  g_descriptors[0].must_understand = 1;
  const auto result = negotiate("x.so", &entry_);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->types.size(), 1U);
  EXPECT_EQ(result->types[0].type, "two");
  ASSERT_EQ(result->refused.size(), 1U);
  EXPECT_EQ(result->refused[0].type, "one");
  EXPECT_THAT(result->refused[0].why, HasSubstr("the type \"one\" requires features"));
}

TEST_F(Requirements, ACountWithoutAnArray) {
  g_descriptors[0].service_count = 1;
  EXPECT_EQ(refusal(entry_), "x.so: descriptor 0 counts services, but has no array of them");
  g_descriptors[0].service_count = 0;
  g_descriptors[0].optional_service_count = 1;
  EXPECT_EQ(refusal(entry_), "x.so: descriptor 0 counts services, but has no array of them");
}

TEST(HostServices, AreFoundByTheirIds) {
  EXPECT_EQ(host_service(BELFRY_HOST_KV_1), HostService::kv);
  EXPECT_EQ(host_service(BELFRY_HOST_CHECK_ONLINE_1), HostService::check_online);
  for (const char* unknown : {"", "belfry.host.kv/2", "belfry.kv/1", BELFRY_SINK_RECONCILE_1})
    EXPECT_FALSE(host_service(unknown)) << unknown;
  EXPECT_EQ(view(unconnected_host().name), "belfry");
  EXPECT_FALSE(view(unconnected_host().version).empty());
}

TEST(Handshake, SinkApi) {
  EXPECT_EQ(check_sink_api("x.so", nullptr).error().message, "x.so: create() returned no instance table, wanted one");
  belfry_sink_api table{};
  table.size = 16;
  EXPECT_EQ(check_sink_api("x.so", &table).error().message, "x.so: the instance table has 16 bytes, wanted at least 64");
  table.size = sizeof table;
  EXPECT_EQ(check_sink_api("x.so", &table).error().message, "x.so: the instance's function configure is null, wanted a function");
}

}  // namespace
}  // namespace belfry::plugin
