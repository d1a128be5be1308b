// Plugins that are invalid before they run. Each is refused with one sentence, and the gateway keeps running.
#include <gmock/gmock.h>

#include "support/plugin_rig.hpp"

namespace belfry {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using namespace std::chrono_literals;

struct Case {
  std::string plugin;
  std::string sentence;  // regular expression for the text after "FILE: "
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.plugin; }

class Refused : public testing::PluginRig, public ::testing::WithParamInterface<Case> {};

TEST_P(Refused, BySentence) {
  settings_.probe.scan = GetParam().plugin == "hangs_in_scan" ? base::Millis(300) : settings_.probe.scan;
  const std::string file = (directory_.path() / (GetParam().plugin + ".so")).string();
  const std::string sentence = refusal(GetParam().plugin);
  EXPECT_THAT(sentence, MatchesRegex(file + ": " + GetParam().sentence));
  EXPECT_EQ(lines_.count("plugin refused"), 1U) << lines_.all();
  expect_alive();
}

INSTANTIATE_TEST_SUITE_P(Scan, Refused,
                         ::testing::Values(Case{"wrong_major", "built for plugin ABI 77, wanted 1; .*"},
                                           Case{"wrong_magic", "the magic number is 0xDEADBEEF, wanted 0x59464C42; .*"},
                                           Case{"needs_newer_host", "needs a gateway with plugin ABI 1\\.999, this one has 1\\.[0-9]+; .*"},
                                           Case{"old_v0", "built for plugin ABI 0, which this gateway no longer loads; rebuild it .*"},
                                           Case{"unknown_bits", "the type \"hostile\" .*must_understand is 0x10000000000.*"},
                                           Case{"needs_service", "the type \"hostile\" requires the service belfry.host.telepathy/1, .*"},
                                           Case{"no_symbol", "exports no belfry_plugin_entry_v1\\(\\), wanted that function; .*"},
                                           Case{"null_entry", "belfry_plugin_entry_v1\\(\\) returned null, wanted a table"},
                                           Case{"short_struct", "the entry table has 24 bytes, wanted at least 48"},
                                           Case{"bad_type_name", "descriptor 0 has the type \"Not A Slug\", wanted .*"},
                                           Case{"bad_schema",
                                                "the configuration schema of \"hostile\" is not a usable JSON Schema \\(draft-07\\): .*"},
                                           Case{"schema_not_json", "the configuration schema of \"hostile\" is not JSON, wanted .*"},
                                           Case{"crashes_in_scan", "crashed while it was scanned: signal 6 \\(Aborted\\)"},
                                           Case{"exits_in_scan", "ended the process while it was scanned \\(status 5\\)"},
                                           Case{"hangs_in_scan", "did not return within 300ms while it was scanned"}),
                         [](const auto& tested) { return tested.param.plugin; });

class Scan : public testing::PluginRig {};

TEST_F(Scan, SlowIsAViolationButUsable) {
  install("slow_scan");
  const auto catalogue = scan();
  ASSERT_EQ(catalogue.entries.size(), 1U);
  EXPECT_EQ(catalogue.entries[0].refusal, "");
  EXPECT_GE(catalogue.entries[0].scan_took, 100ms);
  EXPECT_EQ(lines_.count("kind=slow_scan"), 1U) << lines_.all();
  const auto checked = check(catalogue);
  ASSERT_TRUE(checked.sink);
  ASSERT_TRUE(try_open(*checked.sink));
  EXPECT_EQ(metrics_.value("slow_scan"), 1);
}

TEST_F(Scan, APluginOfALaterMinorVersionIsAccepted) {
  const auto instance = open("other_minor");
  ASSERT_TRUE(instance);
  EXPECT_EQ(deliver(*instance, message()).code, model::OutcomeCode::delivered);
}

TEST_F(Scan, InboundRoutesAreKnownBeforeAnythingRuns) {
  install("services");
  const auto checked = check(scan());
  ASSERT_TRUE(checked.sink);
  EXPECT_THAT(checked.sink->inbound,
              ::testing::ElementsAre(plugin::InboundRoute{"POST", "/in"}, plugin::InboundRoute{"GET", "/in/status"}));
}

TEST_F(Scan, WhatIsNoInboundRouteIsAnErrorOfTheSink) {
  install("bad_inbound_route");
  const auto checked = check(scan());
  EXPECT_FALSE(checked.sink);
  ASSERT_EQ(checked.problems.size(), 1U);
  EXPECT_THAT(checked.problems[0].text, HasSubstr("bad_inbound_route.so: names the inbound route \"POST in\", wanted \"METHOD /path\""));
}

TEST_F(Scan, WhatCouldNotBeReadIsNotTried) {
  install("crashes_in_configure");
  const auto catalogue = scan();
  const auto check =
      plugin::check_sinks(catalogue, {{"sink", "hostile", {{"do", nullptr}}, {.broken = {"/do"}}}}, settings_, *scrubber_).at(0);
  EXPECT_TRUE(check.problems.empty());
  EXPECT_FALSE(check.sink);
}

TEST_F(Scan, OneBadFileDoesNotHideTheGoodOne) {
  install("crashes_in_scan");
  install("plain");
  install("no_symbol");
  const auto catalogue = scan();
  ASSERT_EQ(catalogue.entries.size(), 3U);
  const auto found = catalogue.find("hostile");
  ASSERT_NE(found.type, nullptr);
  EXPECT_EQ(found.entry->file.filename(), "plain.so");
  EXPECT_EQ(found.type->version, "1.0");
}

TEST_F(Scan, SecondFileWithATypeIsRefused) {
  install("never_completes");
  install("plain");
  const auto catalogue = scan();
  ASSERT_EQ(catalogue.entries.size(), 2U);
  EXPECT_EQ(catalogue.entries[0].refusal, "");
  EXPECT_THAT(catalogue.entries[1].refusal, HasSubstr("plain.so: offers the type \"hostile\", which "));
  EXPECT_TRUE(catalogue.entries[1].types.empty());
}

// ---- configure(), in the child --------------------------------------------------------------------------------------------------

class Configure : public testing::PluginRig {
 protected:
  std::vector<plugin::Finding> problems(const std::string& name) {
    install(name);
    const auto checked = check(scan());
    EXPECT_FALSE(checked.sink.has_value());
    return checked.problems;
  }
};

TEST_F(Configure, RefusalNamesThePlace) {
  const auto found = problems("refuses_configure");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0], (plugin::Finding{plugin::Finding::Severity::error, "/do", "cannot do that"}));
}

TEST_F(Configure, AnErrorRefusesWhateverTheStatus) {
  EXPECT_THAT(problems("refuses_by_finding"),
              ::testing::ElementsAre(plugin::Finding{plugin::Finding::Severity::note, "", "the rest is in order"},
                                     plugin::Finding{plugin::Finding::Severity::error, "/do", "cannot do that"}));
}

TEST_F(Configure, RefusalWithoutAWord) {
  const auto found = problems("refuses_silently");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "the plugin refuses this configuration without giving a reason (code 7)");
}

TEST_F(Configure, CrashIsAProblemOfTheSink) {
  const auto found = problems("crashes_in_configure");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].text, HasSubstr("crashes_in_configure.so: crashed in configure: signal 11 (Segmentation fault)"));
  expect_alive();
}

TEST_F(Configure, HangIsAProblemOfTheSink) {
  settings_.probe.configure = 300ms;
  const auto found = problems("hangs_in_configure");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].text, HasSubstr("did not return within 300ms in configure"));
  settings_.probe.configure = 20s;
  expect_alive();
}

TEST_F(Configure, ManySlowStepsRunOutOfTimeTogether) {
  settings_.probe.total = 8s;
  install("dawdles");
  const auto catalogue = scan();
  const auto began = std::chrono::steady_clock::now();
  const auto checked = check(catalogue);
  // In which step depends on the load of the machine.
  const std::string refusal = !checked.problems.empty() ? checked.problems[0].text : checked.sink ? checked.sink->crash : "no sink";
  EXPECT_THAT(refusal, HasSubstr("dawdles.so: did not finish within 8s and was killed in "));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 14s);
}

TEST_F(Configure, NullFunctionIsRefused) {
  const auto found = problems("null_pointer");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].text, HasSubstr("function abandon is null, wanted a function"));
}

TEST_F(Configure, FailedCreate) {
  const auto found = problems("fails_create");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].text, HasSubstr("cannot create an instance (code 12)"));
}

TEST_F(Configure, AServiceThatNoGatewayHasIsNamed) {
  const auto found = problems("needs_service_in_create");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].text, HasSubstr("cannot create an instance (code 1); it requested the service belfry.host.telepathy/1"));
}

TEST_F(Configure, AServiceThatNoGatewayHasIsNamedByASinkThatDoesNotStart) {
  install("needs_service_in_start");
  const auto checked = check(scan());
  EXPECT_THAT(checked.problems, ::testing::IsEmpty());
  ASSERT_EQ(checked.cannot_run.size(), 1U);
  EXPECT_THAT(checked.cannot_run[0].text, HasSubstr("does not start: this gateway does not offer belfry.host.telepathy/1"));
}

TEST_F(Configure, UsingAServiceIsTooEarly) {
  const auto found = problems("uses_service_early");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].text, HasSubstr("uses_service_early.so: uses belfry.host.kv/1 in configure"));
}

TEST_F(Configure, UnknownTypeSaysWhatThereIs) {
  install("plain");
  install("crashes_in_scan");
  const auto checks = plugin::check_sinks(scan(), {{"sink", "hostle", {}, {}}, {"sink2", "zzzzzzzz", {}, {}}}, settings_, *scrubber_);
  ASSERT_EQ(checks[0].problems.size(), 1U);
  EXPECT_EQ(checks[0].problems[0].text, "no plugin offers the type \"hostle\"; did you mean \"hostile\"?");
  EXPECT_THAT(checks[1].problems.at(0).text, HasSubstr("available types are \"hostile\"; refused: "));
}

}  // namespace
}  // namespace belfry
