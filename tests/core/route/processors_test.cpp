#include "route/processors.hpp"

#include "core/route/conditions.hpp"
#include "model/codec.hpp"
#include "model/original.hpp"
#include "support/notification_sample.hpp"

namespace belfry::route {
namespace {

using model::Comparison;
using model::ProcessorRule;
using test::sample;

Processors processors(std::vector<ProcessorRule> rules) {
  auto compiled = Processors::compile(std::move(rules));
  EXPECT_TRUE(compiled) << compiled.error().message;
  return std::move(*compiled);
}

void apply(std::vector<ProcessorRule> rules, model::Notification& n) { static_cast<void>(processors(std::move(rules)).run(n)); }

model::Assignment text(std::string path, std::string value) { return {.path = std::move(path), .text = std::move(value)}; }

TEST(Processors, NoneChangesNothing) {
  auto n = sample();
  EXPECT_EQ(processors({}).run(n), ProcessorResult{});
  EXPECT_EQ(n, sample());
}

TEST(Processors, TheFirstThatDropsIsTheLastThatIsAsked) {
  const auto p = processors({{.name = "a", .when = named("Failed"), .drop = "no"},
                             {.name = "b", .set = {text("labels.team", "ops")}},
                             {.name = "c", .when = named("Deleted"), .drop = "too noisy"},
                             {.name = "d", .set = {text("labels.team", "other")}}});
  auto n = sample();
  std::vector<Trace::Entry> trace;
  const auto done = p.run(n, &trace);
  EXPECT_EQ(done.dropped, (ProcessorResult::Dropped{"c", "too noisy", "name is \"Workspace Deleted\""}));
  EXPECT_EQ(done.applied, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(n.labels.at("team"), "ops");
  using enum Trace::Match;
  ASSERT_EQ(trace.size(), 4U);
  EXPECT_EQ(trace[0].match, not_matched);
  EXPECT_EQ(trace[1].why, "sets labels.team");
  EXPECT_EQ(trace[2].why, "drops it: too noisy");
  EXPECT_EQ(trace[3].why, "processor \"c\" dropped it");
  EXPECT_EQ(trace[3].match, not_reached);
}

TEST(Processors, WhatIsDroppedIsKeptWithoutWhatIsRedacted) {
  const auto p = processors({{.name = "a", .set = {text("title", "glpat-1")}},
                             {.name = "b", .drop = "no"},
                             {.name = "c", .redact = {{"glpat-[0-9]+", "*"}}},
                             {.name = "d", .when = named("Failed"), .redact = {{"[*]", "!"}}},
                             {.name = "e", .set = {text("title", "never")}}});
  auto n = sample();
  n.body = "glpat-2";
  n.title = "glpat-3";
  std::vector<Trace::Entry> trace;
  EXPECT_EQ(p.run(n, &trace).dropped->by, "b");
  EXPECT_EQ(model::encode(n).find("glpat-"), std::string::npos) << "nor in the original values";
  EXPECT_EQ(n.title, "*");
  EXPECT_EQ(trace[2].why, "redacts the stored copy");
  EXPECT_EQ(trace[3].match, Trace::Match::not_reached);
}

TEST(Processors, EachSeesWhatTheOnesBeforeItMadeOfIt) {
  const auto p = processors({{.name = "a", .set = {text("severity", "critical"), text("labels.team", "{{labels.hours}}h")}},
                             {.name = "b",
                              .when = {.comparisons = {{.path = "severity", .text = "critical"}, {.path = "labels.team", .text = "24h"}}},
                              .set = {text("title", "{{severity}}:\n{{title}}"), text("update_key", "{{labels.team}}")}}});
  auto n = sample();
  EXPECT_EQ(p.run(n).applied, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(n.title, "critical: Workspace \"castle\" deleted") << "a title is one line";
  EXPECT_EQ(n.update_key, "24h");
}

TEST(Processors, WhatTheSourceSaidCanBeHadAgain) {
  const auto p = processors({{.name = "a",
                              .set = {text("title", "x"),
                                      text("body", "**y**"),
                                      text("labels.hours", "1"),
                                      {.path = "sensitive", .flag = true},
                                      {.path = "max_age", .duration = std::chrono::minutes(5)}},
                              .unset = {"labels.reason", "actions"},
                              .redact = {{"autodeleted", "*"}}}});
  auto n = sample();
  n.actions = {{"View", "/a"}};
  auto source = n;
  static_cast<void>(p.run(n));
  EXPECT_EQ(n.body, "y");
  EXPECT_EQ(n.body_markdown, "**y**");
  EXPECT_TRUE(n.actions.empty());
  EXPECT_TRUE(n.sensitive);
  EXPECT_EQ(n.max_age, std::chrono::minutes(5));
  source.labels["reason"] = "* due to dormancy";  // redaction cannot be undone
  EXPECT_EQ(model::restore_original(n), source);
}

TEST(Processors, OnlyStricterThanTheSource) {
  auto n = sample();
  n.sensitive = true;
  n.max_age = std::chrono::minutes(10);
  apply({{.name = "a", .set = {{.path = "sensitive", .flag = false}, {.path = "max_age", .duration = std::chrono::hours(1)}}}}, n);
  EXPECT_TRUE(n.sensitive);
  EXPECT_EQ(n.max_age, std::chrono::minutes(10));
  apply({{.name = "a", .set = {{.path = "max_age", .duration = std::chrono::seconds(1)}}}, {.name = "b", .unset = {"max_age"}}}, n);
  EXPECT_EQ(n.max_age, std::chrono::minutes(10)) << "unset reverts a processor's value, not the source's";
}

TEST(Processors, RedactsEverywhere) {
  auto n = sample();
  for (auto* where : {&n.title, &n.title_markdown, &n.body, &n.body_markdown}) *where = "glpat-12345 and glpat-67890";
  n.labels["token"] = "glpat-1";
  n.data = {{"deep", {{"list", {"glpat-2", 5}}}}};
  n.actions = {{"glpat-3", "https://x.example/?t=glpat-4"}};
  apply({{.name = "a", .redact = {{"glpat-[0-9]+", "\\1"}}}}, n);
  EXPECT_EQ(model::encode(n).find("glpat-"), std::string::npos);
  EXPECT_EQ(n.title, "\\1 and \\1") << "not a group reference";
  apply({{.name = "a", .redact = {{".+", ""}}}}, n);
  EXPECT_EQ(n.title, "[redacted]") << "a title may not be empty";
}

TEST(Processors, TheLastKeyCounts) {
  auto n = sample();
  const auto done = processors({{.name = "a", .dedupe = model::Dedupe{"x", std::chrono::seconds(1)}},
                                {.name = "b", .dedupe = model::Dedupe{"{{name}}/{{recipient.name}}", std::chrono::minutes(5)}}})
                        .run(n);
  EXPECT_EQ(done.dedupe,
            (ProcessorResult::Dedupe{"Workspace Deleted/Quasimodo", std::chrono::minutes(5), "b", "Workspace Deleted/Quasimodo"}));
}

TEST(Processors, TheKeyIsShownWithoutWhatIsRedacted) {
  const auto shown = [](std::string key, std::vector<ProcessorRule> later, const model::Notification& n) {
    std::vector<ProcessorRule> rules{{.name = "once", .dedupe = model::Dedupe{std::move(key), std::chrono::minutes(5)}}};
    rules.insert(rules.end(), later.begin(), later.end());
    auto copy = n;
    return processors(std::move(rules)).run(copy).dedupe->shown;
  };
  auto n = sample();
  n.title = "glpat-1 leaked";
  EXPECT_EQ(shown("{{title}}", {{.name = "r", .redact = {{"glpat-[0-9]", "*"}}}}, n), "* leaked") << "redacted after the key was made";
  EXPECT_EQ(shown("{{title}}", {{.name = "s", .unset = {"labels.reason"}}, {.name = "r", .redact = {{"glpat-[0-9]", "*"}}}}, n),
            "* leaked");
  EXPECT_EQ(shown("key {{title}}", {{.name = "r", .redact = {{"^glpat-[0-9] leaked$", "*"}}}}, n), "(redacted)")
      << "the pattern matches the title, not the key";
  EXPECT_EQ(shown("{{name}}", {{.name = "r", .redact = {{"glpat-[0-9]", "*"}}}}, n), "Workspace Deleted");
  EXPECT_EQ(shown("{{title}}", {{.name = "s", .set = {{.path = "sensitive", .flag = true}}}}, n), "(sensitive)");
  n.title = std::string(99, 'x') + "\xC3\xA4";
  EXPECT_EQ(shown("{{title}}", {}, n), std::string(99, 'x') + "...") << "bounded, at the start of a character";
}

TEST(Processors, WhyADropMatched) {
  const auto because = [](model::Condition when, const model::Notification& n) {
    auto copy = n;
    return processors({{.name = "r", .redact = {{"before", "*"}}},
                       {.name = "noise", .when = std::move(when), .drop = "too noisy"},
                       {.name = "l", .redact = {{"autodeleted", "*"}}}})
        .run(copy)
        .dropped->because;
  };
  const auto is = [](std::string path, std::string text) { return Comparison{.path = std::move(path), .text = std::move(text)}; };
  auto n = sample();
  n.labels["template"] = "scratch";
  EXPECT_EQ(because({}, n), "") << "it drops everything";
  EXPECT_EQ(
      because({.comparisons = {is("labels.template", "scratch"), {.path = "name", .op = Comparison::Op::regex, .text = "Deleted"}}}, n),
      "labels.template is \"scratch\" and name is \"Workspace Deleted\"");
  EXPECT_EQ(because({.any = {{.comparisons = {is("severity", "never")}}, {.comparisons = {is("labels.template", "scratch")}}}}, n),
            "labels.template is \"scratch\"")
      << "the part that holds";
  EXPECT_EQ(
      because({.all = {{.comparisons = {is("labels.template", "scratch")}}}, .none = {{.comparisons = {is("labels.other", "x")}}}}, n),
      "labels.template is \"scratch\" and labels.other is missing");
  EXPECT_EQ(because({.comparisons = {{.path = "labels.reason", .op = Comparison::Op::regex, .text = "autodeleted"}}}, n),
            "labels.reason is \"* due to dormancy\"")
      << "redacted by a later processor, like the stored notification";
  EXPECT_EQ(because({.comparisons = {{.path = "title", .op = Comparison::Op::exists}, {.path = "body", .op = Comparison::Op::exists}}}, n),
            "title meets its condition and body meets its condition");
  n.sensitive = true;
  EXPECT_EQ(because({.comparisons = {is("labels.template", "scratch"), {.path = "title", .op = Comparison::Op::exists}}}, n),
            "labels.template is (sensitive) and title is (sensitive)");
  n.sensitive = false;
  model::Condition many;
  for (int i = 0; i < 20; ++i) {
    const auto label = "l" + std::to_string(i);
    n.labels[label] = std::string(200, 'x');
    many.comparisons.push_back({.path = "labels." + label, .op = Comparison::Op::exists});
  }
  EXPECT_EQ(because(many, n).size(), 300U);
}

TEST(Processors, WrongRules) {
  const auto error = [](ProcessorRule rule) {
    rule.name = "p";
    rule.location = "f:1:2";
    return Processors::compile({std::move(rule)}).error().message;
  };
  EXPECT_EQ(error({.redact = {{"(", ""}}}), "f:1:2: processor \"p\": redact: the pattern /(/ is wrong: missing ): (");
  EXPECT_EQ(error({.redact = {{"x*", ""}}}),
            "f:1:2: processor \"p\": redact: the pattern /x*/ matches the empty text, and so matches everywhere");
  EXPECT_NE(error({.set = {text("title", "{{#a}}")}}).find("set.title: {{#a}} is never closed"), std::string::npos);
  EXPECT_NE(error({.message = model::MessageRule{.body = "{{"}}).find("message: body: "), std::string::npos);
  EXPECT_NE(error({.dedupe = model::Dedupe{"{{>x}}", {}}}).find("dedupe.key: "), std::string::npos);
}

}  // namespace
}  // namespace belfry::route
