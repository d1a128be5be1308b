#include "plugin/run/host_call.hpp"

#include <gmock/gmock.h>

namespace belfry::plugin {
namespace {

using ::testing::ElementsAre;

struct Row {
  HostEnd why;
  bool begun;
  const char* reason;
  bool not_started;
};

const Row kRows[] = {{HostEnd::hung, false, "hung", true},          {HostEnd::closed, false, "stopped", true},
                     {HostEnd::deadline, true, "timeout", false},   {HostEnd::deadline, false, "busy", true},
                     {HostEnd::threw, true, "plugin_threw", false}, {HostEnd::threw, false, "plugin_threw", false},
                     {HostEnd::stopped, true, "stopped", false},    {HostEnd::stopped, false, "stopped", true}};

TEST(HostCallTest, ADeliveryThatThePluginDoesNotEnd) {
  for (const auto& row : kRows) {
    SendOutcome got;
    HostCall host_call{.on_outcome = [&](SendOutcome outcome) { got = std::move(outcome); }, .dispatched = row.begun};
    end_by_host(host_call, row.why);
    EXPECT_EQ(got.code, model::OutcomeCode::retry);
    EXPECT_EQ(got.reason, row.reason);
    EXPECT_NE(got.detail, "");
    EXPECT_EQ(got.not_started, row.not_started) << row.reason;
    EXPECT_EQ(got.maybe_delivered, !row.not_started) << row.reason;
  }
}

TEST(HostCallTest, WorkThatWasPostponedHasNotBegun) {
  SendOutcome got;
  HostCall host_call{.on_outcome = [&](SendOutcome outcome) { got = std::move(outcome); }, .dispatched = true, .postponed = true};
  end_by_host(host_call, HostEnd::deadline);
  EXPECT_EQ(got.reason, "busy");
  EXPECT_TRUE(got.not_started);
}

TEST(HostCallTest, AReconciliationThatThePluginDoesNotEndIsUnknown) {
  for (const auto& row : kRows) {
    ReconcileResult got{.code = ReconcileResult::Code::found};
    HostCall host_call{.kind = HostCall::Kind::reconcile,
                       .on_reconciled = [&](ReconcileResult result) { got = std::move(result); },
                       .dispatched = row.begun};
    end_by_host(host_call, row.why);
    EXPECT_EQ(got.code, ReconcileResult::Code::unknown);
    EXPECT_EQ(got.not_started, row.not_started) << row.reason;
    EXPECT_NE(got.detail, "");
  }
}

TEST(HostCallTest, AnInboundRequest) {
  for (const auto& row : kRows) {
    int status = 0;
    HostCall host_call{.kind = HostCall::Kind::inbound, .on_reply = [&](const net::ServerResponse& response) { status = response.status; }};
    end_by_host(host_call, row.why);
    EXPECT_EQ(status, row.why == HostEnd::threw ? 500 : 503);
  }
}

TEST(HostCallTest, ACheckHasAnErrorMore) {
  std::vector<Finding> got;
  const auto check = std::make_shared<OnlineCheck>([&](std::vector<Finding> found) { got = std::move(found); });
  EXPECT_EQ(check->add({Finding::Severity::note, "", "it answers"}), OnlineCheck::Added::yes);
  HostCall host_call{.kind = HostCall::Kind::check, .check = check, .dispatched = true};
  end_by_host(host_call, HostEnd::deadline);
  EXPECT_THAT(got, ElementsAre(Finding{Finding::Severity::note, "", "it answers"},
                               Finding{Finding::Severity::error, "",
                                       "the check did not complete: the plugin reported no outcome by the deadline"}));
}

TEST(HostCallTest, TheStopHasNoHandler) {
  HostCall host_call{.kind = HostCall::Kind::stop};
  end_by_host(host_call, HostEnd::stopped);
}

// ---- OnlineCheck

TEST(OnlineCheckTest, EndsOnceAndTakesNoFindingAfterwards) {
  int ended = 0;
  OnlineCheck check([&](const std::vector<Finding>& found) {
    ++ended;
    EXPECT_TRUE(found.empty());
  });
  check.end("");
  check.end("again");
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(check.add({}), OnlineCheck::Added::over);
}

TEST(OnlineCheckTest, AFloodIsDropped) {
  std::size_t found = 0;
  OnlineCheck check([&](const std::vector<Finding>& all) { found = all.size(); });
  for (unsigned i = 0; i < BELFRY_MAX_FINDINGS; ++i) ASSERT_EQ(check.add({}), OnlineCheck::Added::yes);
  EXPECT_EQ(check.add({}), OnlineCheck::Added::full);
  EXPECT_EQ(check.add({}), OnlineCheck::Added::dropped);
  check.end("");
  EXPECT_EQ(found, BELFRY_MAX_FINDINGS);
}

}  // namespace
}  // namespace belfry::plugin
