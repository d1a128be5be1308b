// check-online/1 between a running instance and a plugin in C.
#include <gmock/gmock.h>

#include "support/plugin_rig.hpp"

namespace belfry {
namespace {

using plugin::Finding;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class CheckOnline : public testing::PluginRig {
 protected:
  std::shared_ptr<plugin::Instance> open_for_check(const std::string& name) {
    install(name);
    const auto checked = check_sink();
    if (!checked.sink) return nullptr;
    auto instance = host().open_for_check(*checked.sink, http_, websockets_);
    if (!instance) return nullptr;
    opened_.push_back(*instance);
    return *instance;
  }
  plugin::SinkCheck check_sink() { return PluginRig::check(scan()); }
  std::vector<Finding> check(plugin::Instance& instance, std::chrono::milliseconds timeout = 20s) {
    const auto box = std::make_shared<testing::Mailbox<std::vector<Finding>>>();
    instance.check_online(timeout, [box](std::vector<Finding> found) { box->put(std::move(found)); });
    auto found = box->take();
    EXPECT_TRUE(found.has_value()) << "the check did not return";
    return found.value_or(std::vector<Finding>{});
  }
};

TEST_F(CheckOnline, FindingsComeScrubbedAndOnOneLineEach) {
  const auto instance = open_for_check("checks_online");
  ASSERT_TRUE(instance);
  ASSERT_TRUE(instance->can_check_online());
  EXPECT_THAT(check(*instance), ElementsAre(Finding{Finding::Severity::error, "/token", "the token is ***; take another"},
                                            Finding{Finding::Severity::note, "", "it answers"},
                                            Finding{Finding::Severity::warning, "", "from the future; wait"}));
  EXPECT_TRUE(metrics_.wait_for("bad_ticket")) << "a finding that came too late";

  const auto second = check(*instance);
  ASSERT_EQ(second.size(), 101U) << "the rest of a flood is dropped";
  EXPECT_EQ(second.back().severity, Finding::Severity::error);
  EXPECT_THAT(second.back().text, HasSubstr("did not complete: cannot connect"));
  EXPECT_EQ(metrics_.value("bad_argument"), 2) << "a finding that is null, and the flood";
  EXPECT_EQ(metrics_.value("bad_ticket"), 2);

  const auto third = check(*instance, 50ms);
  ASSERT_EQ(third.size(), 1U);
  EXPECT_THAT(third[0].text, HasSubstr("reported no outcome by the deadline"));
}

TEST_F(CheckOnline, AfterTheEnd) {
  const auto instance = open_for_check("checks_online");
  ASSERT_TRUE(instance);
  ASSERT_TRUE(stop(*instance, 5s));
  EXPECT_THAT(check(*instance),
              ElementsAre(Finding{Finding::Severity::error, "", "the check did not complete: the sink has been stopped"}));
}

TEST_F(CheckOnline, APluginThatDoesNotStartCanBeAsked) {
  const auto instance = open_for_check("fails_start");
  ASSERT_TRUE(instance);
  EXPECT_FALSE(instance->can_check_online());
}

TEST_F(CheckOnline, APluginMayHaveNone) {
  const auto instance = open_for_check("plain");
  ASSERT_TRUE(instance);
  EXPECT_FALSE(instance->can_check_online());
}

}  // namespace
}  // namespace belfry
