#include "cli/doctor/sinks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belfry::cli::doctor {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const base::Timestamp kSinkNow{1'700'000'000'000ms};

json open_sink() {
  return {{"name", "slack"},
          {"plugin", "slack"},
          {"state", "open"},
          {"reason", ""},
          {"detail", ""},
          {"since", nullptr},
          {"until", nullptr},
          {"release", nullptr},
          {"failed_attempts", 0U},
          {"waiting", 0U},
          {"in_flight", 0U},
          {"backoff", 0U},
          {"held", 0U},
          {"dead_letters", 0U},
          {"oldest", nullptr},
          {"stalled", false},
          {"drain_estimate_seconds", nullptr}};
}

Findings found_in(const json& changes) {
  auto sink = open_sink();
  sink.update(changes);
  return sink_findings({{"sinks", json::array({sink})}}, kSinkNow);
}

TEST(DoctorSinks, NothingToDo) {
  EXPECT_THAT(found_in(json::object()), IsEmpty());
  EXPECT_THAT(found_in({{"waiting", 5U}, {"held", 7U}, {"oldest", base::to_rfc3339(kSinkNow - kLate + 1ms)}}), IsEmpty());
  EXPECT_THAT(found_in({{"state", "orphaned"}}), IsEmpty());
  EXPECT_THAT(sink_findings(json::object(), kSinkNow), IsEmpty());
  EXPECT_THAT(sink_findings({{"sinks", json::array({1, "a"})}}, kSinkNow), IsEmpty());
}

struct SinkCase {
  const char* name;
  json changes;
  Severity severity;
  const char* found;
  const char* command;
};

TEST(DoctorSinks, States) {
  const SinkCase cases[] = {
      {"token refused",
       {{"state", "parked"},
        {"reason", "invalid_auth"},
        {"detail", "Slack answered invalid_auth"},
        {"waiting", 3U},
        {"release", "belfry sinks release slack"}},
       Severity::urgent,
       "sink slack is parked (invalid_auth): Slack answered invalid_auth; 3 deliveries are waiting",
       "belfry sinks release slack"},
      {"secret missing",
       {{"state", "parked"}, {"reason", "missing_secret"}},
       Severity::urgent,
       "is parked (missing_secret)",
       "belfry check && belfry reload"},
      {"crashed",
       {{"state", "crashed"}, {"release", "belfry sinks release slack"}},
       Severity::urgent,
       "is crashed",
       "belfry sinks release slack"},
      {"hung", {{"state", "hung"}}, Severity::urgent, "is hung", "systemctl restart belfry"},
      {"orphaned",
       {{"state", "orphaned"}, {"waiting", 1U}},
       Severity::urgent,
       "is orphaned; 1 delivery is waiting",
       "belfry deliveries list --sink slack"},
      {"unreachable", {{"state", "unreachable"}, {"failed_attempts", 4U}}, Severity::warning, "4 attempts in a row have failed", ""},
      {"paused", {{"state", "paused"}, {"until", "2026-01-31T09:00:00.000Z"}}, Severity::note, "is paused", ""},
      {"stalled", {{"stalled", true}, {"waiting", 2U}}, Severity::urgent, "is stalled", "journalctl --unit belfry --since -10min"},
      {"a later state", {{"state", "melted"}}, Severity::urgent, "is melted", "belfry status"},
      {"dead letters", {{"dead_letters", 2U}}, Severity::warning, "has 2 dead letters", "belfry deliveries list --state dead --sink slack"},
      {"late",
       {{"waiting", 2U}, {"oldest", base::to_rfc3339(kSinkNow - 45min)}, {"drain_estimate_seconds", 120}},
       Severity::warning,
       "has been due for 45 minutes, since 2023-11-14T21:28:20.000Z, and the queue needs at least 120 s",
       "belfry deliveries list --state waiting --sink slack"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto found = found_in(c.changes);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].severity, c.severity);
    EXPECT_THAT(found[0].found, HasSubstr(c.found));
    EXPECT_EQ(found[0].command, c.command);
    EXPECT_FALSE(found[0].remedy.empty());
  }
}

TEST(DoctorSinks, TheStateExplainsLateDeliveries) {
  const auto found = found_in({{"state", "parked"}, {"waiting", 1U}, {"oldest", base::to_rfc3339(kSinkNow - 3h)}, {"dead_letters", 1U}});
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_THAT(found[0].found, HasSubstr("is parked"));
  EXPECT_THAT(found[1].found, HasSubstr("has 1 dead letter,"));
  const auto entries = by_urgency(found);
  ASSERT_THAT(entries, SizeIs(1));
  ASSERT_THAT(entries[0].consequences, SizeIs(1));
  EXPECT_THAT(entries[0].consequences[0].found, HasSubstr("has 1 dead letter,"));
}

TEST(DoctorSinks, WhatACheckExplainsIsBelowItsFinding) {
  const auto with = [](const json& changes, std::string_view cause) {
    auto found = found_in(changes);
    found.push_back(with_cause({Severity::warning, "remotes", "the check of the sink failed", "Fix it", ""}, cause));
    return by_urgency(std::move(found));
  };
  const json refused{{"state", "parked"}, {"release", "belfry sinks release slack"}};
  EXPECT_THAT(with(refused, remote_cause("slack")), SizeIs(1));
  EXPECT_THAT(with(refused, configuration_cause("slack")), SizeIs(2));
  EXPECT_THAT(with(refused, remote_cause("mail")), SizeIs(2));
  EXPECT_THAT(with({{"state", "parked"}, {"reason", "missing_secret"}}, configuration_cause("slack")), SizeIs(1));
  EXPECT_THAT(with({{"state", "unreachable"}}, remote_cause("slack")), SizeIs(1));
  EXPECT_THAT(with({{"dead_letters", 2U}}, remote_cause("slack")), SizeIs(1));
  EXPECT_THAT(with({{"state", "crashed"}}, remote_cause("slack")), SizeIs(2)) << "a plugin that crashes is a fault of its own";
}

}  // namespace
}  // namespace belfry::cli::doctor
