#include "route/tree.hpp"

#include "core/route/conditions.hpp"
#include "support/notification_sample.hpp"

namespace belfry::route {
namespace {

using test::sample;

using model::Audience;
using model::Comparison;
using model::Destination;
using model::RouteRule;

const std::map<std::string, model::SinkAddressing> kSinks{{"slack", {.destination_key = "channel", .fixed_destination = ""}},
                                                          {"ops", {.destination_key = "channel", .fixed_destination = "COPS"}},
                                                          {"mail", {}}};
const Destination kDirectDestination{Audience::direct, "quasi.modo@example.com"};

RouteRule rule(std::string name, model::Condition when, std::vector<model::RouteTarget> to, bool go_on = false) {
  return {.name = name, .location = "belfry.yaml:" + name, .when = std::move(when), .to = std::move(to), .continue_ = go_on};
}

Tree tree(std::vector<RouteRule> rules) {
  auto compiled = Tree::compile(std::move(rules), kSinks);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return std::move(*compiled);
}

std::vector<std::string> places(const RoutingResult& decision) {
  std::vector<std::string> list;
  for (const auto& target : decision.targets) list.push_back(target.sink + " " + target.destination.key());
  return list;
}

using Places = std::vector<std::string>;

TEST(Tree, FirstMatchWins) {
  const auto t = tree({rule("a", named("Failed"), {{"ops"}}), rule("b", named("Deleted"), {{"slack"}}), rule("c", {}, {{"mail"}})});
  const auto decision = t.route(sample());
  EXPECT_EQ(places(decision), Places{"slack direct:quasi.modo@example.com"});
  EXPECT_EQ(decision.targets.front().route, "b");
  EXPECT_EQ(decision.notes, (std::vector<RoutingNote>{{"routed", "route \"b\" chose the recipient via sink slack"}}));
}

TEST(Tree, ContinueGoesOn) {
  const auto t = tree({rule("a", named("Deleted"), {{"slack", {{"channel", "C7"}}}}, true), rule("b", named("Failed"), {{"ops"}}),
                       rule("c", {}, {{"slack"}, {"mail"}}), rule("d", {}, {{"ops"}})});
  EXPECT_EQ(places(t.route(sample())),
            (Places{"slack shared:C7", "slack direct:quasi.modo@example.com", "mail direct:quasi.modo@example.com"}));
}

TEST(Tree, TargetCarriesWhatTheRouteSays) {
  auto r = rule("a", {}, {{"slack", {{"channel", "C7"}, {"footer", "x"}}}});
  r.fallback = {"mail", "ops"};
  r.max_age = std::chrono::hours(2);
  r.allow_sensitive = true;
  const auto decision = tree({r}).route(sample());
  ASSERT_EQ(decision.targets.size(), 1U);
  EXPECT_EQ(decision.targets.front(), (model::Target{.sink = "slack",
                                                     .destination = {Audience::shared, "C7"},
                                                     .overrides = {{"channel", "C7"}, {"footer", "x"}},
                                                     .route = "a",
                                                     .fallback = {"mail", "ops"},
                                                     .max_age = std::chrono::hours(2),
                                                     .allow_sensitive = true}));
}

TEST(Tree, TheSameTargetTwiceIsMerged) {
  auto first = rule("a", {}, {{"slack"}, {"slack"}}, true);
  first.fallback = {"mail"};
  const auto decision = tree({first, rule("b", {}, {{"ops"}, {"slack"}})}).route(sample());
  EXPECT_EQ(places(decision), (Places{"slack direct:quasi.modo@example.com", "ops shared:COPS"}));
  EXPECT_EQ(decision.targets.front().fallback, (std::vector<std::string>{"mail"})) << "the settings of the first route apply";
  EXPECT_EQ(decision.notes, (std::vector<RoutingNote>{{"routed", "route \"a\" chose the recipient via sink slack"},
                                                      {"merged", "route \"a\" chose the recipient via sink slack again"},
                                                      {"routed", "route \"b\" chose shared destination COPS of sink ops"},
                                                      {"merged", "route \"b\" chose the recipient via sink slack again"}}));
}

TEST(Tree, Unrouted) {
  const auto decision = tree({rule("a", named("Failed"), {{"ops"}})}).route(sample());
  EXPECT_TRUE(decision.targets.empty());
  EXPECT_EQ(decision.notes, (std::vector<RoutingNote>{{"unrouted", "no route matched"}}));
  EXPECT_EQ(tree({}).route(sample()).notes.back().event, "unrouted");
}

TEST(Tree, SensitiveStaysOutOfSharedDestinations) {
  auto n = sample();
  n.sensitive = true;
  const auto t = tree({rule("a", {}, {{"slack", {{"channel", "C0123"}}}, {"ops"}, {"slack"}})});
  const auto decision = t.route(n);
  EXPECT_EQ(places(decision), Places{"slack direct:quasi.modo@example.com"});
  EXPECT_EQ(decision.notes,
            (std::vector<RoutingNote>{{"withheld", "sensitive: kept out of shared destination C0123 of sink slack that route \"a\" chose"},
                                      {"withheld", "sensitive: kept out of shared destination COPS of sink ops that route \"a\" chose"},
                                      {"routed", "route \"a\" chose the recipient via sink slack"}}));
}

TEST(Tree, SensitiveWithNothingLeftIsUnrouted) {
  auto n = sample();
  n.sensitive = true;
  const auto decision = tree({rule("a", {}, {{"ops"}})}).route(n);
  EXPECT_TRUE(decision.targets.empty());
  EXPECT_EQ(decision.notes.back(), (RoutingNote{"unrouted", "sensitive: kept out of every shared destination, and no other was chosen"}));
}

TEST(Tree, SensitiveWhereTheRouteAllowsIt) {
  auto n = sample();
  n.sensitive = true;
  auto allowing = rule("a", {}, {{"ops"}}, true);
  allowing.allow_sensitive = true;
  allowing.fallback = {"ops"};
  const auto decision = tree({allowing, rule("b", {}, {{"slack", {{"channel", "C1"}}}})}).route(n);
  EXPECT_EQ(places(decision), Places{"ops shared:COPS"}) << "the permission of one route does not extend to the next";
  EXPECT_EQ(decision.targets.front().fallback, (std::vector<std::string>{"ops"}));
}

TEST(Tree, SensitiveDoesNotFallBackToSharedDestinations) {
  auto n = sample();
  auto r = rule("a", {}, {{"slack"}});
  r.fallback = {"ops", "mail"};
  EXPECT_EQ(tree({r}).route(n).targets.front().fallback, (std::vector<std::string>{"ops", "mail"}));
  n.sensitive = true;
  const auto decision = tree({r}).route(n);
  EXPECT_EQ(decision.targets.front().fallback, (std::vector<std::string>{"mail"}));
  EXPECT_EQ(decision.notes.front(), (RoutingNote{"withheld", "sensitive: will not fall back to shared destination COPS of sink ops"}));
}

TEST(Tree, TraceSaysWhatEachRouteHadToSay) {
  auto within = rule("b", named("Deleted"), {{"slack"}});
  within.routes = {rule("b1", named("Failed"), {{"ops"}}), rule("b2", named("Work"), {{"mail"}}, true), rule("b3", {}, {{"ops"}})};
  auto other = rule("c", named("Failed"), {{"mail"}});
  other.routes = {rule("c1", {}, {{"mail"}})};
  const auto t = tree({rule("a", named("Failed"), {{"ops"}}), other, within, rule("d", {}, {{"mail"}})});
  std::vector<Trace::Entry> trace;
  const auto with = t.route(sample(), &trace);
  EXPECT_EQ(with, t.route(sample())) << "tracing changes nothing";
  using enum Trace::Match;
  const std::string not_failed = R"(name is "Workspace Deleted", wanted /Failed/)";
  EXPECT_EQ(trace, (std::vector<Trace::Entry>{{"a", "belfry.yaml:a", 0, not_matched, not_failed},
                                              {"c", "belfry.yaml:c", 0, not_matched, not_failed},
                                              {"c1", "belfry.yaml:c1", 1, not_reached, "route \"c\" did not match"},
                                              {"b", "belfry.yaml:b", 0, matched, "a nested route took it"},
                                              {"b1", "belfry.yaml:b1", 1, not_matched, not_failed},
                                              {"b2", "belfry.yaml:b2", 1, matched, "chooses mail, then continues"},
                                              {"b3", "belfry.yaml:b3", 1, matched, "chooses ops"},
                                              {"d", "belfry.yaml:d", 0, not_reached, "route \"b\" came first"}}));
  EXPECT_EQ(places(with), (Places{"mail direct:quasi.modo@example.com", "ops shared:COPS"}));
}

TEST(Tree, ARouteTakesWhatNoneWithinItTakes) {
  auto around = rule("a", named("Deleted"), {{"ops"}});
  around.routes = {rule("a1", named("Failed"), {{"mail"}})};
  auto decision = tree({around, rule("b", {}, {{"slack"}})}).route(sample());
  EXPECT_EQ(places(decision), Places{"ops shared:COPS"});
  around.continue_ = true;
  EXPECT_EQ(places(tree({around, rule("b", {}, {{"slack"}})}).route(sample())),
            (Places{"ops shared:COPS", "slack direct:quasi.modo@example.com"}))
      << "no nested route matched, but the route did: its own `continue` counts";
}

TEST(Tree, ContinueWithinARouteEndsWithIt) {
  auto around = rule("a", {}, {{"ops"}});
  around.routes = {rule("a1", {}, {{"mail"}}, true)};
  EXPECT_EQ(places(tree({around, rule("b", {}, {{"slack"}})}).route(sample())), Places{"mail direct:quasi.modo@example.com"});
}

TEST(Tree, TimingOfTheRouteGoesWithItsTargets) {
  auto r = rule("a", {}, {{"slack"}});
  r.timing.throttle = model::ThrottleRule{.key = "{{name}} {{labels.reason}}", .max_messages = 3, .window = std::chrono::hours(1)};
  r.timing.quiet_hours = model::QuietHours{.from = 0, .to = 60, .except = named("Failed")};
  auto target = tree({r}).route(sample()).targets.front();
  ASSERT_TRUE(target.timing);
  EXPECT_EQ(*target.timing, r.timing);
  EXPECT_EQ(target.digest_key, "Workspace Deleted autodeleted due to dormancy");
  EXPECT_TRUE(target.quiet_hours_hold);
  r.timing.quiet_hours->except = named("Deleted");
  EXPECT_FALSE(tree({r}).route(sample()).targets.front().quiet_hours_hold);
  EXPECT_FALSE(tree({rule("a", {}, {{"slack"}})}).route(sample()).targets.front().timing);
}

TEST(Tree, NotesNeverHoldTheText) {
  auto n = sample();
  const auto t = tree({rule("a", {}, {{"slack"}, {"ops"}}, true), rule("b", {}, {{"ops"}})});
  for (const auto& note : t.route(n).notes) {
    for (const auto* part : {"castle", "Quasi", "quasi.modo", "esme"}) EXPECT_EQ(note.detail.find(part), std::string::npos) << note.detail;
  }
}

TEST(Tree, WrongRules) {
  const auto error = [](RouteRule r) { return Tree::compile({std::move(r)}, kSinks).error(); };
  EXPECT_EQ(error(rule("a", {}, {{"slcak"}})),
            (base::Error{base::ErrorCode::invalid, R"(belfry.yaml:a: route "a": there is no sink "slcak")"}));
  auto fallback = rule("a", {}, {{"slack"}});
  fallback.fallback = {"nowhere"};
  EXPECT_EQ(error(fallback).message, R"(belfry.yaml:a: route "a": there is no sink "nowhere")");
  EXPECT_EQ(error(rule("a", {}, {})).message, R"(belfry.yaml:a: route "a": `to` names no sink)");
  EXPECT_EQ(error(rule("a", {}, {{"slack", {{"channel", 5}}}})).message,
            R"(belfry.yaml:a: route "a": `channel` of sink "slack" must be a string)");
  EXPECT_EQ(error(rule("a", named("("), {{"slack"}})).message, R"(belfry.yaml:a: route "a": name: the pattern /(/ is wrong: missing ): ()");
  EXPECT_EQ(error({.location = "f:3:1", .to = {{"x"}}}).message, R"(the route at f:3:1: there is no sink "x")");
}

TEST(Tree, ManyThreadsOneTree) {
  const auto t = tree({rule("a", named("F(a|i)+led$"), {{"ops"}}), rule("b", named("(De|Re)leted$"), {{"slack"}})});
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&t] {
      const auto n = sample();
      for (int k = 0; k < 500; ++k) ASSERT_EQ(t.route(n).targets.size(), 1U);
    });
  }
}

}  // namespace
}  // namespace belfry::route
