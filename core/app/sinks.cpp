#include "app/sinks.hpp"

#include <algorithm>

#include "plugin/config_check.hpp"

namespace belfry::app {
namespace {

using config::Problem;

// The nearest place that the file has for a pointer: its own, else that of what holds it, else the sink's.
config::Position position_of(const config::SinkSettings& sink, std::string pointer) {
  for (;;) {
    if (const auto found = sink.positions.find(pointer); found != sink.positions.end()) return found->second;
    if (pointer.empty()) return {};
    pointer.resize(pointer.rfind('/'));
  }
}

Problem placed(const config::Settings& settings, const config::SinkSettings& sink, const plugin::Problem& problem) {
  const auto at = position_of(sink, problem.pointer);
  const auto severity = problem.severity == plugin::Problem::Severity::error ? Problem::Severity::error : Problem::Severity::warning;
  auto where = "sinks." + sink.name;
  if (!problem.pointer.empty()) {
    where += ".config" + problem.pointer;
    std::replace(where.begin(), where.end(), '/', '.');
  }
  return {severity, at.file.empty() ? settings.file : at.file, at.line, at.column, where + ": " + problem.text};
}

// "FILE:LINE:COLUMN" of the route.
config::Position position_of_route(const model::RouteRule& route) {
  const auto column = route.where.rfind(':');
  const auto line = column == std::string::npos || column == 0 ? std::string::npos : route.where.rfind(':', column - 1);
  if (line == std::string::npos) return {route.where, 0, 0};
  return {route.where.substr(0, line), std::stoi(route.where.substr(line + 1)), std::stoi(route.where.substr(column + 1))};
}

void check_route_overrides(const config::Settings& settings, const plugin::Catalogue& catalogue, SinkPlan& plan) {
  for (const auto& route : settings.routes) {
    for (const auto& target : route.to) {
      const auto sink = std::find_if(settings.sinks.begin(), settings.sinks.end(), [&](const auto& s) { return s.name == target.sink; });
      if (sink == settings.sinks.end()) continue;  // the loader has said so
      const auto found = catalogue.find(sink->plugin);
      if (found.type == nullptr) continue;
      for (const auto& problem : plugin::check_overrides(*found.type, target.overrides)) {
        const auto at = position_of_route(route);
        plan.problems.push_back({Problem::Severity::error, at.file, at.line, at.column,
                                 "route " + route.name + " to " + sink->name + problem.pointer + ": " + problem.text});
      }
    }
  }
}

}  // namespace

SinkPlan plan_sinks(const config::Settings& settings, const plugin::Catalogue& catalogue, const plugin::InspectSettings& inspect,
                    base::Scrubber& scrubber) {
  std::vector<plugin::SinkRequest> requests;
  for (const auto& sink : settings.sinks)
    requests.push_back({sink.name, sink.plugin, sink.config, {sink.unresolved, sink.exposed, sink.left_out}});
  auto checks = plugin::check_sinks(catalogue, std::move(requests), inspect, scrubber);

  SinkPlan plan;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const auto& sink = settings.sinks[i];
    for (const auto& problem : checks[i].problems) plan.problems.push_back(placed(settings, sink, problem));
    auto& addressing = plan.addressing[sink.name];
    if (!checks[i].sink) continue;
    for (const auto& problem : checks[i].sink->missing) plan.missing.push_back(placed(settings, sink, problem));
    addressing = {checks[i].sink->destination_key, checks[i].sink->fixed_destination};
    plan.sinks.push_back(std::move(*checks[i].sink));
  }
  check_route_overrides(settings, catalogue, plan);
  return plan;
}

}  // namespace belfry::app
