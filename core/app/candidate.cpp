#include "app/candidate.hpp"

#include <algorithm>

#include "config/secrets.hpp"
#include "config/values/diagnostic.hpp"
#include "sink_check/transport.hpp"

namespace belfry::app {
namespace {

using config::Diagnostic;
using Problems = std::vector<Diagnostic>;

void check_restart_settings(const config::Settings& settings, const config::Settings& current, Problems& problems) {
  const auto add = [&](Diagnostic::Severity severity, std::string text) {
    problems.push_back({severity, settings.file, 0, 0, std::move(text)});
  };
  if (settings.store.path != current.store.path) {
    add(Diagnostic::Severity::error, "store.path is " + settings.store.path.string() + ", but the queue in use is " +
                                         current.store.path.string() + "; restart the gateway to change it");
  }
  if (settings.server.threads != current.server.threads) {
    add(Diagnostic::Severity::warning, "server.threads is " + std::to_string(settings.server.threads) + ", and " +
                                           std::to_string(current.server.threads) + " are in use; restart the gateway to change it");
  }
}

sink_check::CheckedSinks check_sinks(const config::Settings& settings, const LiveConfig& current, base::Scrubber& scrubber,
                                     const base::Logger& log, const std::stop_token& stop, Problems& problems) {
  const plugin::InspectSettings inspect{current.settings.store.path.parent_path(), {.stop = stop}};
  const auto catalogue = plugin::scan(settings.plugins.directories, inspect, log.named("plugin"), sink_check::wanted_types(settings));
  auto plan = sink_check::check_sinks(settings, catalogue, inspect, scrubber);
  problems.insert(problems.end(), plan.problems.begin(), plan.problems.end());
  if (config::has_error(plan.problems)) return plan;

  const auto missing = std::exchange(plan.missing, {});
  const auto broken = failed_sinks(current.sinks);
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

std::expected<Candidate, Problems> check_candidate(config::LoadResult loaded, const LiveConfig& current, Listeners& listeners,
                                                   base::Scrubber& scrubber, const base::Logger& log, std::stop_token stop) {
  auto problems = std::move(loaded.problems);
  if (!loaded.settings) return std::unexpected(std::move(problems));
  Candidate candidate{std::move(*loaded.settings), {}, {}, {}};
  auto& settings = candidate.settings;
  config::register_secrets(settings, scrubber);
  check_restart_settings(settings, current.settings, problems);
  settings.server.threads = current.settings.server.threads;
  candidate.plan = check_sinks(settings, current, scrubber, log, stop, problems);
  std::ranges::copy(sink_check::check_transports(settings), std::back_inserter(problems));
  candidate.listeners = listeners.prepare(settings, problems);
  if (config::has_error(problems)) return std::unexpected(std::move(problems));
  candidate.warnings = std::move(problems);
  return candidate;
}

}  // namespace belfry::app
