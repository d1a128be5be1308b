#include "plugin/contract/handshake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/contract/abi.hpp"

namespace belfry::plugin {
namespace {

using ::testing::HasSubstr;

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
  entry.create = [](std::uint32_t, const belfry_host*, void**, const belfry_instance**) -> std::int32_t { return 1; };
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
  EXPECT_EQ(result->types[1].index, 1U);
}

TEST(Handshake, APluginOfAnotherReleaseIsRefused) {
  for (const auto minor : {BELFRY_ABI_MINOR - 1, BELFRY_ABI_MINOR + 1}) {
    auto entry = good();
    entry.abi_minor = minor;
    EXPECT_THAT(refusal(entry), HasSubstr("x.so: built for plugin ABI 0." + std::to_string(minor) + ", wanted 0." +
                                          std::to_string(BELFRY_ABI_MINOR) + "; until ABI 1"));
  }
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
  EXPECT_EQ(negotiate("x.so", nullptr).error().message, "x.so: belfry_plugin_entry_v0() returned null, wanted a table");
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

TEST(Handshake, Instance) {
  EXPECT_EQ(check_instance("x.so", nullptr).error().message, "x.so: create() returned no instance table, wanted one");
  belfry_instance table{};
  table.size = 16;
  EXPECT_EQ(check_instance("x.so", &table).error().message, "x.so: the instance table has 16 bytes, wanted at least 64");
  table.size = sizeof table;
  EXPECT_EQ(check_instance("x.so", &table).error().message, "x.so: the instance's function configure is null, wanted a function");
}

}  // namespace
}  // namespace belfry::plugin
