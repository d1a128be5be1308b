#include "dryrun/configuration_check.hpp"

#include <algorithm>
#include <iterator>

#include "config/secrets.hpp"
#include "dryrun/temporary_plugin_store.hpp"
#include "sink_check/checked_sinks.hpp"
#include "sink_check/transport.hpp"

namespace belfry::dryrun {
namespace {

using config::Diagnostic;

// Only a warning: a file that cannot be loaded matters only if a sink needs it, and that sink has its own error.
void add_load_errors(const plugin::Catalogue& catalogue, std::vector<Diagnostic>& problems) {
  for (const auto& entry : catalogue.entries) {
    if (entry.refusal.empty()) continue;
    // The diagnostic already names the file.
    const auto file = entry.file.string();
    const auto named = entry.refusal.starts_with(file + ": ");
    problems.push_back({Diagnostic::Severity::warning, file, 0, 0, named ? entry.refusal.substr(file.size() + 2) : entry.refusal});
  }
}

// The plugins in the directories of a configuration, and its sinks as checked with them.
struct CheckedPlugins {
  CheckedPlugins(const config::Settings& settings, const std::shared_ptr<base::Scrubber>& scrubber, const CheckTimes& times) {
    config::register_secrets(settings, *scrubber);
    const plugin::InspectSettings inspect{copies.path(), times.plugins};
    catalogue = plugin::scan(settings.plugins.directories, inspect, base::silent_logger());
    plan = sink_check::check_sinks(settings, catalogue, inspect, *scrubber);
  }

  const TemporaryPluginStore copies;
  plugin::Catalogue catalogue;
  sink_check::CheckedSinks plan;
};

void check_plugins(const config::Settings& settings, ReportMissing missing, CheckRemotes remotes, const CheckTimes& times,
                   const std::shared_ptr<base::Scrubber>& scrubber, std::vector<Diagnostic>& problems) {
  const CheckedPlugins checked(settings, scrubber, times);
  const auto& plan = checked.plan;
  add_load_errors(checked.catalogue, problems);
  problems.insert(problems.end(), plan.problems.begin(), plan.problems.end());
  // `serve` starts despite these.
  if (missing == ReportMissing::yes) {
    problems.insert(problems.end(), plan.missing.begin(), plan.missing.end());
    const auto transports = sink_check::check_transports(settings);
    problems.insert(problems.end(), transports.begin(), transports.end());
  }
  if (remotes == CheckRemotes::no) return;
  const auto answers = check_online(settings, plan, scrubber, times.remotes);
  problems.insert(problems.end(), answers.begin(), answers.end());
}

std::vector<Diagnostic> scrubbed(std::vector<Diagnostic> problems, const base::Scrubber& scrubber) {
  for (auto& problem : problems) problem.text = scrubber.scrub(std::move(problem.text));
  config::sort_by_location(problems);
  return problems;
}

}  // namespace

std::vector<Diagnostic> check_configuration(config::LoadResult loaded, ReportMissing missing, CheckRemotes remotes,
                                            const CheckTimes& times) {
  auto problems = std::move(loaded.problems);
  const auto scrubber = std::make_shared<base::Scrubber>();
  if (const auto* settings = loaded.readable()) check_plugins(*settings, missing, remotes, times, scrubber, problems);
  return scrubbed(std::move(problems), *scrubber);
}

std::vector<Diagnostic> check_remotes(const config::Settings& settings, const CheckTimes& times) {
  const auto scrubber = std::make_shared<base::Scrubber>();
  const CheckedPlugins checked(settings, scrubber, times);
  return scrubbed(check_online(settings, checked.plan, scrubber, times.remotes), *scrubber);
}

}  // namespace belfry::dryrun
