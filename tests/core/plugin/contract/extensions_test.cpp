#include "plugin/contract/extensions.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

namespace belfry::plugin {
namespace {

// The one extension that the plugin offers; set by each test.
belfry_sink_inbound_http offered;
bool offers = true;

std::uint32_t routes(void*, const belfry_inbound_route**) { return 0; }
std::uint32_t verify(void*, const belfry_inbound_request*) { return 0; }
void handle(void*, belfry_ticket, const belfry_inbound_request*) {}

const void* extension(void*, belfry_str id) {
  const bool inbound = std::string_view(id.ptr, id.len) == BELFRY_SINK_INBOUND_HTTP_1;
  return inbound && offers ? &offered : nullptr;
}

class ExtensionsTest : public ::testing::Test {
 protected:
  ExtensionsTest() {
    offered = {sizeof(belfry_sink_inbound_http), 0, routes, verify, handle};
    offers = true;
    plugin_.size = sizeof plugin_;
    plugin_.extension = extension;
  }
  base::Result<Extensions> read() { return read_extensions("x.so", plugin_, nullptr); }

  belfry_sink_api plugin_{};
};

TEST_F(ExtensionsTest, AreReadByTheirIds) {
  const auto extensions = read();
  ASSERT_TRUE(extensions.has_value());
  EXPECT_EQ(extensions->inbound.handle, handle);
  EXPECT_EQ(extensions->reconcile.reconcile, nullptr);
}

TEST_F(ExtensionsTest, MayBeAbsent) {
  offers = false;
  ASSERT_TRUE(read().has_value());
  EXPECT_EQ(read()->inbound.handle, nullptr);
  plugin_.extension = nullptr;
  EXPECT_TRUE(read().has_value());
}

TEST_F(ExtensionsTest, ATableThatEndsBeforeItsLastRequiredFunctionIsAnError) {
  offered.size = offsetof(belfry_sink_inbound_http, handle);
  ASSERT_FALSE(read().has_value());
  EXPECT_EQ(read().error().message, "x.so: the extension belfry.sink.inbound-http/1 has 24 bytes, wanted at least 32");
  offered.size = 0;
  EXPECT_FALSE(read().has_value());
}

TEST_F(ExtensionsTest, ARequiredFunctionThatIsNullIsAnError) {
  offered.verify = nullptr;
  ASSERT_FALSE(read().has_value());
  EXPECT_EQ(read().error().message, "x.so: the extension belfry.sink.inbound-http/1 has no function verify, which is required");
}

TEST(Has, IsFalseBehindTheEndOfATableAndForNull) {
  belfry_host_rate_limit table{};
  table.wait_time_ms = [](void*, const belfry_bucket_key*) { return std::uint64_t{0}; };
  table.size = sizeof table;
  EXPECT_TRUE(BELFRY_HAS(&table, wait_time_ms));
  EXPECT_FALSE(BELFRY_HAS(&table, define));
  table.size = offsetof(belfry_host_rate_limit, wait_time_ms);
  EXPECT_FALSE(BELFRY_HAS(&table, wait_time_ms));
  table.size += sizeof table.wait_time_ms - 1;
  EXPECT_FALSE(BELFRY_HAS(&table, wait_time_ms));
}

}  // namespace
}  // namespace belfry::plugin
