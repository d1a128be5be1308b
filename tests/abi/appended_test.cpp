// Members may be appended to every struct of the ABI without breaking anything: this program is built with plugin.h as it is and runs a
// plugin that was built with appended members, and it is built with appended members and runs a plugin without them. Nothing may be lost.
#include "support/plugin_rig.hpp"

namespace belfry::plugin {
namespace {

using namespace std::chrono_literals;
using testing::Mailbox;
using testing::PluginRig;

class AppendedTest : public PluginRig {};

TEST_F(AppendedTest, APluginOfAnotherVersionLosesNothing) {
  const auto instance = open(BELFRY_TEST_PLUGIN);
  ASSERT_NE(instance, nullptr);
  EXPECT_TRUE(instance->can_render());
  EXPECT_TRUE(instance->can_reconcile());
  EXPECT_TRUE(instance->can_check_online());
  EXPECT_EQ(instance->max_in_flight(), 3U);
  ASSERT_EQ(instance->inbound_routes().size(), 1U);
  EXPECT_EQ(instance->inbound_routes()[0].path, "/every");

  const auto delivered = deliver(*instance, message());
  EXPECT_EQ(delivered.code, model::OutcomeCode::delivered);
  EXPECT_EQ(delivered.receipt, R"({"id":"delivered"})");

  Mailbox<model::Outcome> found;
  instance->reconcile(message(20s, "delivery-2"), [&found](model::Outcome outcome) { found.put(std::move(outcome)); });
  EXPECT_EQ(found.take().value_or(model::Outcome{}).code, model::OutcomeCode::delivered);

  const auto rendered = instance->render(message());
  ASSERT_TRUE(rendered.has_value()) << rendered.error().message;
  EXPECT_EQ(*rendered, nlohmann::json::array());

  Mailbox<int> reply;
  net::ServerRequest request;
  request.method = "POST";
  request.path = "/every";
  instance->handle_inbound(std::move(request), [&reply](const net::ServerResponse& response) { reply.put(response.status); });
  EXPECT_EQ(reply.take(), 202);

  Mailbox<std::size_t> findings;
  instance->check_online(20s, [&findings](std::vector<Finding> all) { findings.put(all.size()); });
  EXPECT_EQ(findings.take(), 0U);
}

}  // namespace
}  // namespace belfry::plugin
