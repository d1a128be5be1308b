// The findings about the configuration: those of `check`, and the configuration in use.
#include "cli/doctor/diagnostics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/doctor/configuration_in_use.hpp"
#include "cli/print_diagnostics.hpp"

namespace belfry::cli::doctor {
namespace {

using namespace std::chrono_literals;
using config::Diagnostic;
using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kError = Diagnostic::Severity::error;
const DiagnosticContext kContext{"configuration", "Correct it", "belfry check"};

TEST(DoctorDiagnostics, SeveritiesAndLocations) {
  struct Case {
    Diagnostic diagnostic;
    Finding wanted;
  };
  const Case cases[] = {
      {{kError, "/etc/b.yaml", 4, 3, "unknown key: colour; write color"},
       {Severity::urgent, "configuration", "/etc/b.yaml:4:3: unknown key: colour", "Write color", "belfry check"}},
      {{Diagnostic::Severity::warning, "/etc/b.yaml", 0, 0, "server.threads is 4"},
       {Severity::warning, "configuration", "/etc/b.yaml: server.threads is 4", "Correct it", "belfry check"}},
      {{kError, "/etc/b.yaml", 0, 0, "store: the directory /var/lib/belfry cannot be used: No such file or directory; create it"},
       {Severity::urgent, "configuration", "store: the directory /var/lib/belfry cannot be used: No such file or directory", "Create it",
        "belfry check"}},
      {{kError, "/etc/b.yaml", 0, 0, "does not exist; write one"},
       {Severity::urgent, "configuration", "/etc/b.yaml: does not exist", "Write one", "belfry check"}},
      {{Diagnostic::Severity::warning, "/usr/lib/belfry/plugins/a.so", 0, 0, "is not an ELF file"},
       {Severity::warning, "plugins", "plugin /usr/lib/belfry/plugins/a.so was refused: is not an ELF file",
        "Install a version of the plugin for this Belfry, or remove the file", "belfry plugins list"}},
  };
  for (const auto& c : cases) {
    const auto found = diagnostic_findings({c.diagnostic}, kContext);
    ASSERT_THAT(found, SizeIs(1)) << c.diagnostic.text;
    EXPECT_EQ(found[0], c.wanted) << c.diagnostic.text << " became " << found[0].found;
  }
  EXPECT_THAT(diagnostic_findings({{Diagnostic::Severity::note, "f", 1, 1, "the token is good"}}, kContext), IsEmpty());
}

TEST(DoctorDiagnostics, ADeniedAccessOfAnotherUserIsNoProblemOfTheGateway) {
  auto context = kContext;
  context.other_user = true;
  const Diagnostic denied{kError, "/etc/b.yaml", 0, 0, "cannot be read: Permission denied; let the user of the gateway read it"};
  const auto found = diagnostic_findings({denied, {kError, "/etc/b.yaml", 1, 1, "no such key"}}, context);
  EXPECT_EQ(found[0].severity, Severity::warning);
  EXPECT_EQ(found[0].command, "sudo belfry doctor");
  EXPECT_EQ(found[1].severity, Severity::urgent);
  EXPECT_EQ(diagnostic_findings({denied}, kContext)[0].severity, Severity::urgent);
}

TEST(DoctorDiagnostics, TheRunningGatewayMayHaveAVariableThatIsMissingHere) {
  auto context = kContext;
  context.gateway_runs = true;
  const Diagnostic missing{kError, "/etc/b.yaml", 9, 1, "sinks.slack.config.bot_token: environment variable T is not set; set it"};
  EXPECT_EQ(diagnostic_findings({missing}, context)[0].severity, Severity::note);
  EXPECT_EQ(diagnostic_findings({missing}, kContext)[0].severity, Severity::urgent);
}

TEST(DoctorDiagnostics, TheCauseOfWhatOtherChecksFind) {
  const Diagnostic token{kError, "/etc/b.yaml", 9, 1, "sinks.slack.config.bot_token: Slack answered invalid_auth; copy it"};
  EXPECT_EQ(diagnostic_findings({token}, kContext)[0].cause, configuration_cause("slack"));
  auto context = kContext;
  context.area = "remotes";
  EXPECT_EQ(diagnostic_findings({token}, context)[0].cause, remote_cause("slack"));
  EXPECT_EQ(diagnostic_findings({{kError, "/etc/b.yaml", 0, 0, "sinks.slack: no answer"}}, context)[0].cause, remote_cause("slack"));
  const Diagnostic store{kError, "/etc/b.yaml", 0, 0, "store: the directory /s cannot be used: Permission denied; create it"};
  context.area = "machine";
  EXPECT_EQ(diagnostic_findings({store}, context)[0].cause, kStoreCause);
  context.refused_reload = token.to_string();
  EXPECT_EQ(diagnostic_findings({token}, context)[0].cause, kReloadCause);
  EXPECT_EQ(diagnostic_findings({{Diagnostic::Severity::warning, "f", 1, 1, "sinks.a.delivery: odd"}}, kContext)[0].cause, "");
}

TEST(DoctorDiagnostics, FurtherOnesAreCounted) {
  const std::vector<Diagnostic> many(5, {kError, "/etc/b.yaml", 1, 1, "wrong"});
  const auto found = diagnostic_findings(many, kContext, 2);
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(found[2].severity, Severity::urgent);
  EXPECT_EQ(found[2].found, "3 further problems of the same kind");
}

TEST(DoctorDiagnostics, AsJson) {
  const std::vector<Diagnostic> all{
      {kError, "f", 1, 2, "a"}, {Diagnostic::Severity::warning, "", 0, 0, "b"}, {Diagnostic::Severity::note, "g", 3, 0, "c"}};
  EXPECT_EQ(diagnostics_from(diagnostics_document(all)), all);
  EXPECT_THAT(diagnostics_from(nullptr), IsEmpty());
}

const base::Timestamp kStarted{1'700'000'000'000ms};

json status_read_at(const json& reload) { return {{"started_at", base::to_rfc3339(kStarted)}, {"last_reload", reload}}; }

TEST(DoctorConfigurationInUse, FilesThatHaveChangedSince) {
  EXPECT_THAT(configuration_in_use_findings(status_read_at(nullptr), {{"/etc/b.yaml", kStarted - 1s}}), IsEmpty());
  const auto found = configuration_in_use_findings(status_read_at(nullptr), {{"/etc/b.yaml", kStarted + 1s}, {"/etc/c.yaml", kStarted}});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].severity, Severity::warning);
  EXPECT_THAT(found[0].found, HasSubstr("/etc/b.yaml was changed at 2023-11-14T22:13:21.000Z"));
  EXPECT_EQ(found[0].command, "belfry reload");
  const json reload{{"at", base::to_rfc3339(kStarted + 2s)}, {"success", true}, {"errors", json::array()}};
  EXPECT_THAT(configuration_in_use_findings(status_read_at(reload), {{"/etc/b.yaml", kStarted + 1s}}), IsEmpty());
}

TEST(DoctorConfigurationInUse, ARefusedReload) {
  const json reload{{"at", base::to_rfc3339(kStarted + 2s)}, {"success", false}, {"errors", json::array({"/etc/b.yaml:4:3: error: x"})}};
  const auto found = configuration_in_use_findings(status_read_at(reload), {{"/etc/b.yaml", kStarted + 1s}});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].severity, Severity::urgent);
  EXPECT_THAT(found[0].found, HasSubstr("was refused, and the previous one is in use: /etc/b.yaml:4:3: error: x"));
}

}  // namespace
}  // namespace belfry::cli::doctor
