// Cost of a routing decision: processors, a tree of routes and the plan of each delivery, for one payload, with up to 1,000 routes. Only
// the last route matches, so every route is evaluated; a tenth of the processors match.
#include <benchmark/benchmark.h>

#include <fstream>
#include <sstream>

#include "delivery/planner.hpp"
#include "source/coder.hpp"

namespace {

using namespace belfry;
using model::Comparison;

// Typical conditions: by name, list, pattern, label or recipient.
model::Condition condition(std::size_t i) {
  const auto number = std::to_string(i);
  switch (i % 5) {
    case 0: return {.comparisons = {{.path = "name", .text = "Event " + number}}};
    case 1: {
      Comparison any{.path = "name", .op = Comparison::Op::any_of};
      for (const auto* name : {"Workspace Created", "Task Idle"}) any.any.push_back({.path = "name", .text = name + number});
      return {.comparisons = {any}};
    }
    case 2: return {.comparisons = {{.path = "name", .op = Comparison::Op::regex, .text = "Failed " + number}}};
    case 3: return {.comparisons = {{.path = "labels.reason", .text = "reason " + number}, {.path = "name", .text = "Workspace Deleted"}}};
    default:
      return {.comparisons = {{.path = "recipient.email", .op = Comparison::Op::regex, .text = "@team-" + number + "\\.example\\.com$"}}};
  }
}

delivery::Planner planner(std::size_t processors, std::size_t routes) {
  model::PipelineRules rules;
  for (std::size_t i = 0; i < processors; ++i) {
    model::ProcessorRule rule{.name = "p" + std::to_string(i), .location = "bench:1:1"};
    if (i % 10 != 0) rule.when = condition(i);
    rule.set.push_back({.path = "labels.p" + std::to_string(i), .text = "{{name}}"});
    rules.processors.push_back(std::move(rule));
  }
  for (std::size_t i = 0; i + 1 < routes; ++i) {
    rules.routes.push_back(
        {.name = "r" + std::to_string(i), .location = "bench:1:1", .when = condition(i), .to = {{"slack", {{"channel", "C1"}}}}});
  }
  rules.routes.push_back({.name = "everyone", .location = "bench:1:1", .to = {{"slack"}}});
  return delivery::Planner::compile(std::move(rules), {{"slack", {{"channel", ""}, std::chrono::hours(24)}}}).value();
}

model::Notification payload() {
  std::ifstream file(std::string(BELFRY_FIXTURES) + "/workspace_dormant.json");
  std::ostringstream text;
  text << file.rdbuf();
  return source::parse_coder({text.str(), std::nullopt}, {"coder", "id", base::Timestamp()}).value();
}

void decide(benchmark::State& state) {
  const auto rules = planner(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  const auto notification = payload();
  for (auto _ : state) {
    auto copy = notification;
    benchmark::DoNotOptimize(rules.plan(std::move(copy), base::Timestamp()));
  }
}
BENCHMARK(decide)
    ->ArgNames({"processors", "routes"})
    ->Args({0, 1})
    ->Args({100, 1})
    ->Args({100, 10})
    ->Args({100, 100})
    ->Args({100, 1000})
    ->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
