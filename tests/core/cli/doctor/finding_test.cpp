#include "cli/doctor/finding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belfry::cli::doctor {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

Finding plain(Severity severity, std::string found) { return {severity, "disk", std::move(found), "Do something", ""}; }

TEST(DoctorFinding, TheFixOfAMessageBecomesTheRemedy) {
  const auto split =
      finding_of(Severity::urgent, "machine", "port 6000 is in use by another program; stop it or choose another port", "unused");
  EXPECT_EQ(split, (Finding{Severity::urgent, "machine", "port 6000 is in use by another program", "Stop it or choose another port", ""}));
  const auto whole = finding_of(Severity::note, "machine", "the disk fails", "Replace it", "lsblk");
  EXPECT_EQ(whole, (Finding{Severity::note, "machine", "the disk fails", "Replace it", "lsblk"}));
}

TEST(DoctorFinding, TheMostUrgentComesFirstAndTheOrderOfDiscoveryStays) {
  const auto sorted =
      by_urgency({plain(Severity::note, "n"), plain(Severity::urgent, "u1"), plain(Severity::warning, "w"), plain(Severity::urgent, "u2")});
  EXPECT_THAT(sorted, ElementsAre(Field(&Finding::found, "u1"), Field(&Finding::found, "u2"), Field(&Finding::found, "w"),
                                  Field(&Finding::found, "n")));
}

TEST(DoctorFinding, OneThatWasFoundTwiceIsReportedOnceAsTheMoreUrgent) {
  EXPECT_THAT(by_urgency({plain(Severity::note, "same"), plain(Severity::urgent, "same")}),
              ElementsAre(Field(&Finding::severity, Severity::urgent)));
}

TEST(DoctorFinding, OneEntryPerCauseWithItsConsequencesBelow) {
  const auto parked = as_consequence_of(remote_cause("slack"), plain(Severity::urgent, "slack is parked"));
  const auto dead = as_consequence_of(remote_cause("slack"), plain(Severity::warning, "slack has dead letters"));
  const auto token = with_cause(plain(Severity::warning, "the token was refused"), remote_cause("slack"));
  const auto scope = with_cause(plain(Severity::warning, "a scope is missing"), remote_cause("slack"));
  const auto other = as_consequence_of(remote_cause("mail"), plain(Severity::urgent, "mail is parked"));
  const auto found = [](const char* text) { return Field(&Finding::found, text); };

  const auto unexplained = by_urgency({parked, dead, other});
  EXPECT_THAT(unexplained, ElementsAre(found("slack is parked"), found("mail is parked")));
  EXPECT_THAT(unexplained[0].consequences, ElementsAre(found("slack has dead letters")));

  const auto explained = by_urgency({plain(Severity::warning, "alone"), parked, dead, token, scope});
  EXPECT_THAT(explained, ElementsAre(found("the token was refused"), found("alone"), found("a scope is missing")));
  EXPECT_EQ(explained[0].severity, Severity::urgent) << "as urgent as its consequence";
  EXPECT_THAT(explained[0].consequences, ElementsAre(found("slack is parked"), found("slack has dead letters")));
  EXPECT_THAT(by_urgency({token, dead, parked})[0].consequences, ElementsAre(found("slack has dead letters"), found("slack is parked")));
  EXPECT_EQ(by_urgency({dead, dead, token})[0].consequences.size(), 1U);
  EXPECT_EQ(by_urgency({parked, dead, dead})[0].consequences.size(), 1U);
}

TEST(DoctorFinding, ControlCharactersDoNotReachTheTerminal) {
  const auto sorted = by_urgency({{Severity::note, "sinks", "a\x1b[31mred\nsecond line", "b\x07", "c\r"}});
  EXPECT_EQ(sorted[0].found, "a [31mred second line");
  EXPECT_EQ(sorted[0].remedy, "b ");
  EXPECT_EQ(sorted[0].command, "c ");
}

TEST(DoctorFinding, ExitCodes) {
  EXPECT_EQ(exit_code({}), 0);
  EXPECT_EQ(exit_code({plain(Severity::note, "n"), plain(Severity::warning, "w")}), 0);
  EXPECT_EQ(exit_code({plain(Severity::warning, "w"), plain(Severity::urgent, "u")}), 1);
}

TEST(DoctorFinding, Text) {
  EXPECT_EQ(text_of({}), "nothing to do\n");
  EXPECT_EQ(
      text_of({{Severity::urgent, "sinks", "a is parked", "Release it", "belfry sinks release a"}, plain(Severity::note, "b")}),
      "urgent: a is parked\n    Release it\n    run: belfry sinks release a\nnote: b\n    Do something\n\n1 urgent, 0 warnings, 1 note\n");
}

TEST(DoctorFinding, ConsequencesAsTextAndJson) {
  const auto found = by_urgency({as_consequence_of("c", {Severity::urgent, "sinks", "a is parked", "Release it", "belfry sinks release a"}),
                                 with_cause({Severity::warning, "remotes", "the token was refused", "Replace it", ""}, "c")});
  EXPECT_EQ(
      text_of(found),
      "urgent: the token was refused\n    Replace it\n    also: a is parked\n        Release it\n        run: belfry sinks release a\n\n"
      "1 urgent, 0 warnings, 0 notes\n");
  const auto document = document_of(found);
  EXPECT_EQ(document.at("urgent"), 1);
  EXPECT_EQ(document.at("findings").size(), 1U);
  const auto& below = document.at("findings")[0].at("consequences");
  ASSERT_EQ(below.size(), 1U);
  EXPECT_EQ(below[0].at("found"), "a is parked");
  EXPECT_EQ(below[0].at("command"), "belfry sinks release a");
}

TEST(DoctorFinding, Json) {
  const Findings findings{{Severity::urgent, "sinks", "a is parked", "Release it", "belfry sinks release a"},
                          plain(Severity::warning, "b")};
  const auto document = document_of(findings);
  EXPECT_EQ(document.at("urgent"), 1);
  EXPECT_EQ(document.at("warnings"), 1);
  EXPECT_EQ(document.at("notes"), 0);
  EXPECT_EQ(document.at("findings")[0].at("command"), "belfry sinks release a");
  EXPECT_TRUE(document.at("findings")[1].at("command").is_null());
  EXPECT_EQ(findings_from(document), findings);
}

}  // namespace
}  // namespace belfry::cli::doctor
