#include "app/candidate.hpp"

#include <algorithm>

#include "app/configuration.hpp"
#include "app/transport.hpp"

namespace belfry::app {
namespace {

using config::Problem;
using Problems = std::vector<Problem>;

void check_what_stays(const config::Settings& settings, const config::Settings& in_use, Problems& problems) {
  const auto add = [&](Problem::Severity severity, std::string text) {
    problems.push_back({severity, settings.file, 0, 0, std::move(text)});
  };
  if (settings.store.path != in_use.store.path) {
    add(Problem::Severity::error, "store.path is " + settings.store.path.string() + ", and " + in_use.store.path.string() +
                                      " is in use, with what waits in it; restart the gateway to change it");
  }
  if (settings.server.threads != in_use.server.threads) {
    add(Problem::Severity::warning, "server.threads is " + std::to_string(settings.server.threads) + ", and " +
                                        std::to_string(in_use.server.threads) + " are in use; restart the gateway to change it");
  }
}

SinkPlan check_sinks(const config::Settings& settings, const Live& in_use, base::Scrubber& scrubber, const base::Logger& log,
                     const std::stop_token& stop, Problems& problems) {
  const plugin::InspectSettings inspect{in_use.settings.store.path.parent_path(), {.stop = stop}};
  const auto catalogue = plugin::scan(settings.plugins.directories, inspect, log.named("plugin"), wanted_types(settings));
  auto plan = plan_sinks(settings, catalogue, inspect, scrubber);
  problems.insert(problems.end(), plan.problems.begin(), plan.problems.end());
  if (has_error(plan.problems)) return plan;

  const auto missing = std::exchange(plan.missing, {});
  const auto broken = broken_sinks(in_use.sinks);
  for (const auto& checked : plan.sinks) {
    if (broken.contains(checked.name)) continue;
    const auto about = "sinks." + checked.name;
    std::ranges::copy_if(missing, std::back_inserter(problems), [&](const auto& problem) {
      return problem.text.starts_with(about + ".") || problem.text.starts_with(about + ":");
    });
  }
  return plan;
}

}  // namespace

std::expected<Candidate, Problems> check_candidate(config::Loaded loaded, const Live& in_use, Doors& doors, base::Scrubber& scrubber,
                                                   const base::Logger& log, std::stop_token stop) {
  auto problems = std::move(loaded.problems);
  if (!loaded.settings) return std::unexpected(std::move(problems));
  Candidate candidate{std::move(*loaded.settings), {}, {}, {}};
  auto& settings = candidate.settings;
  learn_secrets(settings, scrubber);
  check_what_stays(settings, in_use.settings, problems);
  settings.server.threads = in_use.settings.server.threads;
  candidate.plan = check_sinks(settings, in_use, scrubber, log, stop, problems);
  std::ranges::copy(check_transports(settings), std::back_inserter(problems));
  candidate.doors = doors.prepare(settings, problems);
  if (has_error(problems)) return std::unexpected(std::move(problems));
  candidate.warnings = std::move(problems);
  return candidate;
}

}  // namespace belfry::app
