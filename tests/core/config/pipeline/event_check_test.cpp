#include "config/pipeline/event_check.hpp"

#include "core/config/support.hpp"

namespace belfry::config {
namespace {

// The problems of a pipeline, one per line.
std::string reported(const std::string& pipeline, const std::string& source = "{}") {
  const auto loaded =
      test::load("version: 1\nsources: { coder: " + source + " }\nsinks: { slack: { plugin: slack } }\npipeline: " + pipeline + "\n");
  std::string out;
  for (const auto& problem : loaded.problems) out += std::string(name_of(problem.severity)) + ": " + problem.text + "\n";
  return out;
}

std::string reported_for(const std::string& when) {
  return reported("{ routes: [{ name: a, when: " + when + ", to: [slack] }, { name: everyone, to: [slack] }] }");
}

TEST(EventCheck, KnowsNamesIdsAndLabels) {
  for (const auto* when : {"{ name: Workspace Deleted }", "{ name: [Task Failed, Task Idle] }", "{ name: { not: One-Time Passcode } }",
                           "{ name: /Failed/ }", "{ name: \"Report: Workspace Builds Failed For Template\" }", "{ name: { exists: true } }",
                           "{ template_id: 281fdf73-c6d6-4cbb-8ff5-888baf8a2fff }", "{ template_id: /^281f/ }", "{ labels.reason: x }",
                           "{ labels.timeTilDormant: { not: x } }", "{ data.anything: x }", "{ title: Workspace Delted }",
                           "{ any: [{ name: Task Failed }, { all: [{ labels.task: x }] }], none: [{ name: /^Chat/ }] }"}) {
    EXPECT_EQ(reported_for(when), "") << when;
  }
}

TEST(EventCheck, WarnsOfANameThatNoEventHas) {
  EXPECT_EQ(reported_for("{ name: Workspace deleted }"),
            "warning: pipeline.routes[0].when.name is \"Workspace deleted\", which is not the name of a known event; did you mean "
            "\"Workspace Deleted\"?\n");
  EXPECT_EQ(
      reported_for("{ name: { not: [Task Failed, Entirely Different] } }"),
      "warning: pipeline.routes[0].when.name.not[1] is \"Entirely Different\", which is not the name of a known event; write the name "
      "as Coder "
      "does, or add the event with sources.NAME.catalogue\n");
  EXPECT_EQ(reported_for("{ name: { eq: /Failed/ } }").substr(0, 56), "warning: pipeline.routes[0].when.name.eq is \"/Failed/\", ");
  EXPECT_NE(reported_for("{ any: [{ none: [{ name: Tsk Failed }] }] }").find("when.any[0].none[0].name is \"Tsk Failed\""),
            std::string::npos);
}

TEST(EventCheck, WarnsOfAnIdThatNoEventHas) {
  EXPECT_EQ(reported_for("{ template_id: 281fdf73-0000-4cbb-8ff5-888baf8a2fff }"),
            "warning: pipeline.routes[0].when.template_id is \"281fdf73-0000-4cbb-8ff5-888baf8a2fff\", which is not the id of a known "
            "event; write "
            "the id of one, or add the event with sources.NAME.catalogue\n");
}

TEST(EventCheck, WarnsOfAPatternThatFitsNoEvent) {
  EXPECT_EQ(reported_for("{ name: /Fialed/ }"),
            "warning: pipeline.routes[0].when.name is \"/Fialed/\", which matches none of the " +
                std::to_string(shipped_catalogue().events().size()) +
                " known events; write a pattern that does, or add the event with sources.NAME.catalogue\n");
  EXPECT_NE(reported_for("{ template_id: /^zz/ }"), "");
}

TEST(EventCheck, WarnsOfALabelThatNoEventHas) {
  EXPECT_EQ(reported_for("{ labels.raeson: x }"),
            "warning: pipeline.routes[0].when.labels.raeson is not a label of any known event; did you mean \"labels.reason\"?\n");
  EXPECT_EQ(
      reported_for("{ labels.entirely_different: x }"),
      "warning: pipeline.routes[0].when.labels.entirely_different is not a label of any known event; write one that Coder sends, or add "
      "the event "
      "with sources.NAME.catalogue\n");
}

TEST(EventCheck, LooksAtRulesWithinRulesAndLearnsTheLabelsThatAreSet) {
  Report report("belfry.yaml");
  const auto environment = test::environment();
  const References references(environment);
  const Context context{report, references, environment};
  const auto tree = yaml::parse(
      "processors:\n"
      "- { when: { name: Tsk Failed }, set: { labels.team: x } }\n"
      "routes:\n"
      "- when: { labels.team: x }\n"
      "  routes: [{ when: { labels.taem: x } }]\n"
      "- to: [{ sink: slack, when: { name: an option of the sink } }]\n",
      report);
  check_events(Value(context, *tree, "pipeline", tree->at), shipped_catalogue());
  std::string lines;
  for (const auto& problem : report.take()) lines += problem.to_string() + "\n";
  EXPECT_EQ(
      lines,
      "belfry.yaml:2:19: warning: pipeline.processors[0].when.name is \"Tsk Failed\", which is not the name of a known event; did you mean "
      "\"Task Failed\"?\n"
      "belfry.yaml:5:22: warning: pipeline.routes[0].routes[0].when.labels.taem is not a label of any known event; did you mean "
      "\"labels.team\"?\n");
}

TEST(EventCheck, SaysNothingMoreOfWhatIsWrong) {
  for (const auto* when :
       {"{ name: /(/ }", "{ name: [] }", "{ name: }", "{ name: \"${env:NOWHERE}\" }", "{ any: {} }", "x", "{ labels.: x }"}) {
    EXPECT_EQ(reported_for(when).find("warning"), std::string::npos) << when;
  }
}

TEST(EventCheck, DoesNotShowWhatAReferenceBroughtIn) {
  const auto loaded = load_text(
      "version: 1\nsources: { coder: {} }\nsinks: { slack: { plugin: slack } }\npipeline: { routes: [{ name: a, when: { name: "
      "\"${env:WHAT}\" }, to: "
      "[slack] }, { name: everyone, to: [slack] }] }\n",
      "belfry.yaml", test::environment({{"HOME", "/h"}, {"WHAT", "Hidden Words"}}));
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].text.find("Hidden"), std::string::npos);
  EXPECT_NE(loaded.problems[0].text.find("${env:WHAT}"), std::string::npos);
}

TEST(Docs, TheExampleOfACatalogueIsOne) {
  const test::TemporaryDirectory directory;
  const auto page = test::read(test::source_directory() / "docs/reference/coder-events.md");
  constexpr std::string_view kBegin = "```yaml\n";
  const auto begin = page.rfind(kBegin) + kBegin.size();
  directory.write("extra-events.yaml", page.substr(begin, page.find("```", begin) - begin));
  const auto file =
      directory.write("belfry.yaml",
                      "version: 1\nsources: { coder: { catalogue: [extra-events.yaml] } }\nsinks: { slack: { plugin: slack } }\n"
                      "pipeline: { routes: [{ name: a, when: { name: Licence Expires }, to: [slack] }, { name: b, to: [slack] }] }\n");
  EXPECT_EQ(test::lines(load_file(file, test::environment())), "");
}

TEST(Catalogues, OfTheAdministratorAddEvents) {
  const test::TemporaryDirectory directory;
  const auto extra = directory.write("extra.yaml", "events: [{ name: Our Own Event, labels: [ours] }]\n");
  const auto file =
      directory.write("belfry.yaml",
                      "version: 1\nsources: { coder: { catalogue: [extra.yaml] } }\nsinks: { slack: { plugin: slack } }\npipeline:\n"
                      "  routes:\n"
                      "    - { name: a, when: { name: Our Own Event, labels.ours: x }, to: [slack] }\n"
                      "    - { name: everyone, to: [slack] }\n");
  const auto loaded = load_file(file, test::environment());
  EXPECT_EQ(test::lines(loaded), "");
  EXPECT_EQ(loaded.settings->files, (std::vector{file, extra})) << "the file is watched";
}

}  // namespace
}  // namespace belfry::config
