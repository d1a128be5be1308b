// Each rule of plugin.h, broken by a sink in C (breaks_rules.c), and the violation that the test kit reports.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <belfry/testkit/fake_host.hpp>
#include <cstdlib>
#include <filesystem>

namespace belfry::testkit {
namespace {

using std::chrono::minutes;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::filesystem::path library() {
  const char* build = std::getenv("BELFRY_BUILD_DIR");
  return std::filesystem::path(build == nullptr ? "." : build) / "abi" / "breaks_rules.so";
}

// ---- Steps. Each takes a sink that has been configured to break a rule.

void configures(FakeHost&) {}

void starts(FakeHost& host) { ASSERT_TRUE(host.start()); }

void delivers(FakeHost& host) {
  starts(host);
  EXPECT_EQ(host.deliver_and_settle(notification()).code, Outcome::Code::delivered);
}

void delivers_watched(FakeHost& host) {
  host.watch_call_times(true);
  delivers(host);
}

void abandons(FakeHost& host) {
  starts(host);
  host.abandon(host.deliver(notification()));
}

void stops(FakeHost& host) {
  starts(host);
  EXPECT_TRUE(host.stop());
}

void stops_with_an_open_delivery(FakeHost& host) {
  starts(host);
  host.deliver(notification());
  EXPECT_TRUE(host.stop());
}

void waits_for_the_deadline_of_stop(FakeHost& host) {
  starts(host);
  EXPECT_FALSE(host.stop(minutes(2), minutes(1)));
}

void checks_online(FakeHost& host) { EXPECT_EQ(host.check_online().size(), 1U); }

void wakes_a_destroyed_sink(FakeHost& host) {
  stops(host);
  host.destroy();
  void* const opened = ::dlopen(library().c_str(), RTLD_NOW | RTLD_NOLOAD);
  ASSERT_NE(opened, nullptr);
  reinterpret_cast<void (*)()>(::dlsym(opened, "breaks_rules_wake"))();
}

void does_everything(FakeHost& host) {
  delivers(host);
  EXPECT_TRUE(host.stop());
  host.destroy();
}

struct Row {
  const char* rule;  // of the header, as breaks_rules.c names it
  const char* kind;  // of the violation
  void (*steps)(FakeHost&);
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.rule; }

constexpr Row kRows[] = {
    // Before and after the states in which the host may be used
    {"too_early", "too_early", configures},
    {"wake_too_early", "too_early", configures},
    {"findings_after_call", "used_after_call", starts},
    {"too_late", "too_late", stops},
    {"use_after_destroy", "after_destroy", wakes_a_destroyed_sink},
    {"undeclared_service", "undeclared_service", delivers},
    {"cancel_other_thread", "wrong_thread", delivers},
    {"slow_call", "slow_call", delivers_watched},

    // Tickets of the host
    {"completed_twice", "completed_twice", delivers},
    {"completed_late", "completed_late", abandons},
    {"completed_unknown", "bad_ticket", delivers},
    {"replied_to_a_delivery", "wrong_function", delivers},
    {"settled_a_delivery", "wrong_function", delivers},
    {"ended_outside_check", "wrong_state", delivers},
    {"bad_reason", "bad_outcome", delivers},
    {"receipt_too_large", "bound_exceeded", delivers},

    // Tickets of the sink
    {"unknown_owner", "bad_ticket", delivers},
    {"cancel_unknown", "bad_ticket", delivers},
    {"cancel_of_a_delivery", "bad_ticket", delivers},
    {"run_for_second", "run_for_not_first", delivers},
    {"run_without_function", "bad_argument", delivers},

    // Stopping
    {"stopped_early", "wrong_state", starts},
    {"stopped_a_delivery", "bad_ticket", stops_with_an_open_delivery},
    {"open_deliveries", "left_open", stops_with_an_open_delivery},
    {"never_stopped", "stop_timeout", waits_for_the_deadline_of_stop},

    // Online checks
    {"finding_outside", "finding_outside_check", checks_online},
    {"ended_twice", "completed_twice", checks_online},
    {"completed_a_check", "wrong_state", checks_online},
};

class Rules : public ::testing::TestWithParam<Row> {};

TEST_P(Rules, ABreachIsReported) {
  FakeHost host(load_plugin(library()));
  ASSERT_TRUE(host.configure({{"break", GetParam().rule}}));
  GetParam().steps(host);
  EXPECT_THAT(host.violations(), Not(IsEmpty()));
  EXPECT_THAT(host.violations(), Each(StartsWith(std::string(GetParam().kind) + ": ")));
}

INSTANTIATE_TEST_SUITE_P(Table, Rules, ::testing::ValuesIn(kRows), [](const auto& tested) { return std::string(tested.param.rule); });

TEST(RulesTest, ASinkThatKeepsThemIsNotAccused) {
  for (auto* const steps : {does_everything, checks_online}) {
    FakeHost host(load_plugin(library()));
    ASSERT_TRUE(host.configure({{"break", "nothing"}}));
    steps(host);
    EXPECT_THAT(host.violations(), IsEmpty());
  }
}

}  // namespace
}  // namespace belfry::testkit
