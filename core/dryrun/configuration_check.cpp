#include "dryrun/configuration_check.hpp"

#include <algorithm>
#include <iterator>

#include "config/secrets.hpp"
#include "dryrun/check_online.hpp"
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

void check_plugins(const config::Settings& settings, ReportMissing missing, CheckRemotes remotes,
                   const std::shared_ptr<base::Scrubber>& scrubber, std::vector<Diagnostic>& problems) {
  const TemporaryPluginStore copies;
  config::register_secrets(settings, *scrubber);
  const plugin::InspectSettings inspect{copies.path(), {}};
  const auto catalogue = plugin::scan(settings.plugins.directories, inspect, base::silent_logger());
  add_load_errors(catalogue, problems);
  const auto plan = sink_check::check_sinks(settings, catalogue, inspect, *scrubber);
  problems.insert(problems.end(), plan.problems.begin(), plan.problems.end());
  // `serve` starts despite these.
  if (missing == ReportMissing::yes) {
    problems.insert(problems.end(), plan.missing.begin(), plan.missing.end());
    const auto transports = sink_check::check_transports(settings);
    problems.insert(problems.end(), transports.begin(), transports.end());
  }
  if (remotes == CheckRemotes::no) return;
  const auto answers = check_online(settings, plan, scrubber);
  problems.insert(problems.end(), answers.begin(), answers.end());
}

}  // namespace

std::vector<Diagnostic> check_configuration(config::LoadResult loaded, ReportMissing missing, CheckRemotes remotes) {
  auto problems = std::move(loaded.problems);
  const auto scrubber = std::make_shared<base::Scrubber>();
  if (const auto* settings = loaded.readable()) check_plugins(*settings, missing, remotes, scrubber, problems);
  for (auto& problem : problems) problem.text = scrubber->scrub(std::move(problem.text));
  config::sort_by_location(problems);
  return problems;
}

}  // namespace belfry::dryrun
