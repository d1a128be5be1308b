#include "config/pipeline/condition.hpp"

#include "core/config/support.hpp"

namespace belfry::config {
namespace {

using model::Comparison;
using model::Condition;
using enum Comparison::Op;

// The condition of the first route, as read from `when`.
Condition condition_of(const std::string& when, const Environment& environment = test::environment()) {
  const auto loaded = test::load(
      "version: 1\nsources: { coder: {} }\nsinks: { slack: { plugin: slack } }\npipeline:\n  routes:\n    - name: some\n      when: " +
          when + "\n      to: [slack]\n    - { name: everyone, to: [slack] }\n",
      environment);
  for (const auto& problem : loaded.problems) EXPECT_NE(problem.text.find("known event"), std::string::npos) << problem.to_string();
  return loaded.settings ? loaded.settings->pipeline.routes[0].when : Condition{};
}

Comparison compare(std::string path, Comparison::Op op, std::string text = "") {
  return {.path = std::move(path), .op = op, .text = std::move(text)};
}

TEST(ConditionOf, ScalarsAreEqual) {
  EXPECT_EQ(condition_of("{ name: Workspace Created }").comparisons, std::vector{compare("name", equal, "Workspace Created")});
  EXPECT_EQ(condition_of("{ data.count: 5 }").comparisons, std::vector{compare("data.count", equal, "5")});
  EXPECT_EQ(condition_of("{ sensitive: True }").comparisons, std::vector{compare("sensitive", equal, "true")});
  EXPECT_EQ(condition_of("{ labels.x: \"\" }").comparisons, std::vector{compare("labels.x", equal, "")});
  EXPECT_EQ(condition_of("{ labels.x: /a }").comparisons, std::vector{compare("labels.x", equal, "/a")});
  EXPECT_EQ(condition_of("{ labels.x: / }").comparisons, std::vector{compare("labels.x", equal, "/")});
}

TEST(ConditionOf, SlashesMakeAPattern) {
  EXPECT_EQ(condition_of("{ name: /Failed|Deleted$/ }").comparisons, std::vector{compare("name", regex, "Failed|Deleted$")});
  EXPECT_EQ(condition_of("{ name: '/a/b/' }").comparisons, std::vector{compare("name", regex, "a/b")});
  EXPECT_EQ(condition_of("{ name: { eq: /x/ } }").comparisons, std::vector{compare("name", equal, "/x/")});
}

TEST(ConditionOf, ListsAreAlternatives) {
  auto expected = compare("name", any_of);
  expected.any = {compare("name", equal, "a"), compare("name", regex, "b"), compare("name", equal, "/c/")};
  EXPECT_EQ(condition_of("{ name: [a, /b/, { eq: /c/ }] }").comparisons, std::vector{expected});
}

TEST(ConditionOf, NotHoldsExactlyOne) {
  auto expected = compare("labels.reason", not_);
  expected.any = {compare("labels.reason", equal, "canceled")};
  EXPECT_EQ(condition_of("{ labels.reason: { not: canceled } }").comparisons, std::vector{expected});
  auto list = compare("name", any_of);
  list.any = {compare("name", equal, "a"), compare("name", equal, "b")};
  expected = compare("name", not_);
  expected.any = {list};
  EXPECT_EQ(condition_of("{ name: { not: [a, b] } }").comparisons, std::vector{expected});
}

TEST(ConditionOf, OperatorsOfOneMappingAreAllRequired) {
  auto lower = compare("data.count", ge);
  lower.number = 1;
  auto upper = compare("data.count", lt);
  upper.number = 2.5;
  auto present = compare("data.count", exists);
  EXPECT_EQ(condition_of("{ data.count: { ge: 1, lt: 2.5, exists: true } }").comparisons, (std::vector{lower, upper, present}));
  auto absent = compare("labels.x", exists);
  absent.flag = false;
  EXPECT_EQ(condition_of("{ labels.x: { exists: false } }").comparisons, std::vector{absent});
  auto above = compare("data.count", gt);
  above.number = -1;
  auto below = compare("data.count", le);
  below.number = 1000;
  EXPECT_EQ(condition_of("{ data.count: { gt: \"-1\", le: 1e3 } }").comparisons, (std::vector{above, below}));
}

TEST(ConditionOf, ConditionsNest) {
  const auto condition = condition_of("{ source: coder, any: [{ name: a }, { all: [{ name: b }, { title: c }] }], none: [{ body: d }] }");
  EXPECT_EQ(condition.comparisons, std::vector{compare("source", equal, "coder")});
  ASSERT_EQ(condition.any.size(), 2U);
  ASSERT_EQ(condition.any[1].all.size(), 2U);
  EXPECT_EQ(condition.any[1].all[1].comparisons, std::vector{compare("title", equal, "c")});
  ASSERT_EQ(condition.none.size(), 1U);
}

TEST(ConditionOf, EveryPathIsKnown) {
  for (const auto* path : {"source", "name", "title", "body", "recipient.email", "recipient.username", "labels.a", "labels.a.b",
                           "labels.With Space", "data.a", "data.a.b.c", "data.a-b"}) {
    const std::string value = std::string(path) == "source" ? "coder" : "x";
    EXPECT_EQ(condition_of("{ " + std::string(path) + ": " + value + " }").comparisons, std::vector{compare(path, equal, value)});
  }
  EXPECT_EQ(condition_of("{ template_id: 62f86a30-2330-4b61-a26d-311ff3b608cf }").comparisons.size(), 1U);
}

TEST(ConditionOf, ReferencesAreReplacedFirst) {
  const auto environment = test::environment({{"HOME", "/h"}, {"TEAM", "ops"}, {"PATTERN", "/^ops/"}});
  EXPECT_EQ(condition_of("{ labels.team: \"${env:TEAM}\" }", environment).comparisons, std::vector{compare("labels.team", equal, "ops")});
  EXPECT_EQ(condition_of("{ labels.team: \"${env:PATTERN}\" }", environment).comparisons,
            std::vector{compare("labels.team", regex, "^ops")});
}

}  // namespace
}  // namespace belfry::config
