#include "app/findings.hpp"

#include "app/configuration.hpp"
#include "app/online_check.hpp"
#include "app/plugin_files.hpp"
#include "app/sinks.hpp"
#include "app/transport.hpp"

namespace belfry::app {
namespace {

using config::Problem;

// A file that cannot be loaded matters only when a sink wants what it holds; that sink has an error of its own then.
void add_refusals(const plugin::Catalogue& catalogue, std::vector<Problem>& problems) {
  for (const auto& entry : catalogue.entries) {
    if (entry.refusal.empty()) continue;
    // The problem names the file itself.
    const auto file = entry.file.string();
    const auto named = entry.refusal.starts_with(file + ": ");
    problems.push_back({Problem::Severity::warning, file, 0, 0, named ? entry.refusal.substr(file.size() + 2) : entry.refusal});
  }
}

void look_at_plugins(const config::Settings& settings, Missing missing, Remotes remotes, const std::shared_ptr<base::Scrubber>& scrubber,
                     std::vector<Problem>& problems) {
  const TemporaryPluginStore copies;
  learn_secrets(settings, *scrubber);
  const plugin::InspectSettings inspect{copies.path(), {}};
  const auto catalogue = plugin::scan(settings.plugins.directories, inspect, silent_logger());
  add_refusals(catalogue, problems);
  const auto plan = plan_sinks(settings, catalogue, inspect, *scrubber);
  problems.insert(problems.end(), plan.problems.begin(), plan.problems.end());
  // `serve` starts without these as well.
  if (missing == Missing::told) {
    problems.insert(problems.end(), plan.missing.begin(), plan.missing.end());
    const auto transports = check_transports(settings);
    problems.insert(problems.end(), transports.begin(), transports.end());
  }
  if (remotes == Remotes::left_alone) return;
  const auto answers = check_online(settings, plan, scrubber);
  problems.insert(problems.end(), answers.begin(), answers.end());
}

}  // namespace

std::vector<Problem> findings(config::Loaded loaded, Missing missing, Remotes remotes) {
  auto problems = std::move(loaded.problems);
  const auto scrubber = std::make_shared<base::Scrubber>();
  if (const auto* settings = loaded.readable()) look_at_plugins(*settings, missing, remotes, scrubber, problems);
  for (auto& problem : problems) problem.text = scrubber->scrub(std::move(problem.text));
  config::sort_by_place(problems);
  return problems;
}

}  // namespace belfry::app
