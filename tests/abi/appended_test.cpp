// Members may be appended to every struct of the ABI without breaking anything: this program is built with plugin.h as it is and runs a
// plugin that was built with appended members, and it is built with appended members and runs a plugin without them. Nothing may be lost.
#include <gmock/gmock.h>

#include "support/plugin_rig.hpp"

namespace belfry::plugin {
namespace {

using ::testing::ElementsAre;
using testing::Mailbox;
using testing::PluginRig;
using namespace std::chrono_literals;

class AppendedTest : public PluginRig {
 protected:
  CheckedSink check_plugin() {
    install(BELFRY_TEST_PLUGIN);
    auto checked = check(scan());
    EXPECT_THAT(checked.problems, ElementsAre(Finding{Finding::Severity::warning, "", "this is a warning"}));
    return checked.sink.value();
  }
};

TEST_F(AppendedTest, ASinkOfAnotherVersionLosesNothing) {
  const auto opened = try_open(check_plugin());
  ASSERT_TRUE(opened) << opened.error().message;
  Instance& instance = **opened;
  EXPECT_TRUE(instance.can_render());
  EXPECT_TRUE(instance.can_reconcile());
  EXPECT_TRUE(instance.can_check_online());
  EXPECT_EQ(instance.max_in_flight(), 3U);
  EXPECT_THAT(instance.inbound_routes(), ElementsAre(InboundRoute{"POST", "/every"}));

  const auto delivered = deliver(instance, message());
  EXPECT_EQ(delivered.code, model::OutcomeCode::delivered);
  EXPECT_EQ(delivered.detail, "after an event");
  EXPECT_EQ(delivered.receipt, R"({"id":"delivered"})");

  const auto results = std::make_shared<Mailbox<ReconcileResult>>();
  instance.reconcile(message(20s, "delivery-2"), [results](ReconcileResult result) { results->put(std::move(result)); });
  const auto found = results->take().value_or(ReconcileResult{});
  EXPECT_EQ(found.code, ReconcileResult::Code::found);
  EXPECT_EQ(found.receipt, R"({"id":"found"})");

  const auto rendered = instance.render(message());
  ASSERT_TRUE(rendered.has_value()) << rendered.error().message;
  EXPECT_EQ(*rendered, nlohmann::json::array());

  const auto replies = std::make_shared<Mailbox<int>>();
  net::ServerRequest request;
  request.method = "POST";
  request.path = "/every";
  instance.handle_inbound(std::move(request), [replies](const net::ServerResponse& response) { replies->put(response.status); });
  EXPECT_EQ(replies->take(), 202);

  EXPECT_TRUE(stop(instance, 20s));
  EXPECT_EQ(lines_.count("plugin violation"), 0U) << lines_.all();
}

TEST_F(AppendedTest, AnOnlineCheckOfAnotherVersionLosesNothing) {
  const auto opened = host().open_for_check(check_plugin(), http_, websockets_);
  ASSERT_TRUE(opened) << opened.error().message;
  opened_.push_back(*opened);
  const auto findings = std::make_shared<Mailbox<std::vector<Finding>>>();
  (*opened)->check_online(20s, [findings](std::vector<Finding> all) { findings->put(std::move(all)); });
  EXPECT_THAT(findings->take().value_or(std::vector<Finding>{}), ElementsAre(Finding{Finding::Severity::note, "", "checked"}));
}

}  // namespace
}  // namespace belfry::plugin
