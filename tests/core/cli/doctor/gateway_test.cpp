#include "cli/doctor/gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/version.hpp"

namespace belfry::cli::doctor {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

json healthy_gateway() {
  return {{"version", base::kVersion}, {"reasons", json::array()}, {"unrouted", 0}, {"refused", json::array()}, {"sinks", json::array()}};
}

TEST(DoctorGateway, NothingToDo) {
  EXPECT_THAT(
      gateway_findings({.status = healthy_gateway(), .metrics = "belfry_log_dropped_total 0\nprocess_open_fds 20\nprocess_max_fds 1024\n"}),
      IsEmpty());
}

struct UnreachableCase {
  const char* name;
  base::Error error;
  bool alive, has_unit, unit_active;
  Severity severity;
  const char* found;
  const char* command;
};

TEST(DoctorGateway, WithoutAStatus) {
  using enum base::ErrorCode;
  const UnreachableCase cases[] = {
      {"stopped",
       {unavailable, "none of its sockets exists"},
       false,
       false,
       false,
       Severity::urgent,
       "is not running: none of its sockets",
       ""},
      {"stopped unit", {unavailable, "refused"}, false, true, false, Severity::urgent, "is not running", "systemctl start belfry"},
      {"other address",
       {unavailable, "refused"},
       false,
       true,
       true,
       Severity::urgent,
       "is active, but the gateway does not respond",
       "systemctl restart belfry"},
      {"hangs",
       {timeout, "no result within 12s"},
       false,
       true,
       true,
       Severity::urgent,
       "does not respond: no result within 12s",
       "systemctl restart belfry"},
      {"other user",
       {unavailable, "/run/belfry/admin.sock: Permission denied"},
       false,
       true,
       true,
       Severity::warning,
       "cannot be read by this user",
       "sudo belfry doctor"},
      {"no token",
       {not_found, "answered 404"},
       true,
       false,
       false,
       Severity::warning,
       "is running, but its status cannot be read",
       "sudo belfry doctor"},
      {"another program", {failed, "answered 500"}, false, false, false, Severity::urgent, "does not report its status", "belfry status"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto found =
        gateway_findings({.status = std::unexpected(c.error), .alive = c.alive, .has_unit = c.has_unit, .unit_active = c.unit_active});
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].severity, c.severity);
    EXPECT_THAT(found[0].found, HasSubstr(c.found));
    EXPECT_EQ(found[0].command, c.command);
    EXPECT_FALSE(found[0].remedy.empty());
  }
}

TEST(DoctorGateway, DebugLogsHaveAddresses) {
  const auto with = [](const char* level, bool configured) {
    return gateway_findings({.status = healthy_gateway(), .log_level = level, .debug_configured = configured});
  };
  EXPECT_THAT(with("info", true), IsEmpty()) << "changed while running";
  EXPECT_THAT(with("", false), IsEmpty());
  for (const bool configured : {false, true}) {
    const auto found = with("debug", configured);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].severity, Severity::note);
    EXPECT_THAT(found[0].found, HasSubstr("the log level is debug: the log contains the e-mail addresses of recipients"));
    EXPECT_EQ(found[0].command, configured ? "belfry reload" : "belfry log-level info");
  }
  EXPECT_THAT(with("", true), SizeIs(1)) << "as the next start will use it";
}

TEST(DoctorGateway, OneThatThisUserCannotFindMayRun) {
  const auto found =
      gateway_findings({.status = base::fail(base::ErrorCode::unavailable, "none of its sockets exists"), .addresses_unknown = true});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].severity, Severity::warning);
  EXPECT_THAT(found[0].found, HasSubstr("was not found, and this user cannot read the configuration"));
}

struct StatusCase {
  const char* key;
  json value;
  Severity severity;
  const char* found;
};

TEST(DoctorGateway, FromTheStatus) {
  const StatusCase cases[] = {
      {"reasons", json::array({"the store cannot be written: No space left on device; free some space there"}), Severity::urgent,
       "accepts no notifications: the store cannot be written: No space left on device"},
      {"version", "0.0.1", Severity::warning, "running version 0.0.1"},
      {"unrouted", 3, Severity::warning, "3 notifications matched no route"},
      {"refused",
       json::array({{{"listener", "server"},
                     {"owner", "source coder"},
                     {"path", "/v1/webhook"},
                     {"status", 401},
                     {"count", 12},
                     {"why", "the password is wrong; set it in Coder"},
                     {"latest_from", "203.0.113.7:443"}}}),
       Severity::warning,
       "12 requests at /v1/webhook (source coder) were refused in the last hour (401): the password is wrong, latest from "
       "203.0.113.7:443"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.key);
    auto status = healthy_gateway();
    status[c.key] = c.value;
    const auto found = gateway_findings({.status = status});
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].severity, c.severity);
    EXPECT_THAT(found[0].found, HasSubstr(c.found));
  }
}

TEST(DoctorGateway, ARefusalHasTheTimeOfTheLatest) {
  auto status = healthy_gateway();
  status["refused"] = json::array({{{"owner", "source coder"}, {"path", "/v1/webhook"}, {"status", 401}, {"count", 2}, {"why", "x"}}});
  status["refused"][0]["latest_at"] = "2026-01-15T12:00:00.000Z";
  const auto found = gateway_findings({.status = status});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].found, HasSubstr("(401), the latest at 2026-01-15 "));
}

TEST(DoctorGateway, FromTheMetrics) {
  const auto found = gateway_findings(
      {.status = healthy_gateway(),
       .metrics = "# HELP belfry_log_dropped_total x\nbelfry_log_dropped_total 7\nbelfry_clock_steps_total 1\nprocess_open_fds 1000\n"
                  "process_max_fds 1024\n"});
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_THAT(found[0].found, HasSubstr("7 log lines were dropped"));
  EXPECT_EQ(found[1].severity, Severity::urgent);
  EXPECT_THAT(found[1].found, HasSubstr("1000 files open, and its limit is 1024"));
  EXPECT_EQ(found[2].severity, Severity::note);
  EXPECT_THAT(found[2].found, HasSubstr("was set 1 time by"));
}

TEST(DoctorGateway, MetricValues) {
  EXPECT_EQ(metric_value("a 1\nab 2\na{x=\"y\"} 3\n", "a"), 4.0);
  EXPECT_EQ(metric_value("# HELP a text\nab 2\n", "a"), std::nullopt);
  EXPECT_EQ(metric_value("a NaN\na", "a"), std::nullopt);
  EXPECT_EQ(metric_value("", "a"), std::nullopt);
}

}  // namespace
}  // namespace belfry::cli::doctor
