#include "app/findings.hpp"

#include <algorithm>
#include <iterator>

#include "app/certificates.hpp"
#include "app/configuration.hpp"
#include "app/online_check.hpp"
#include "app/plugin_files.hpp"
#include "app/sinks.hpp"
#include "app/start_check.hpp"
#include "app/transport.hpp"
#include "app/variables.hpp"

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

void add_certificates(const config::Settings& settings, std::vector<Problem>& problems) {
  const auto now = std::chrono::time_point_cast<base::Millis>(std::chrono::system_clock::now());
  for (const auto& state : certificate_states(settings)) {
    if (auto notice = certificate_notice(state, now); !notice.empty())
      problems.push_back({Problem::Severity::warning, settings.file, 0, 0, std::move(notice)});
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

std::vector<Problem> findings(config::Loaded loaded, Missing missing, Remotes remotes, Machine machine) {
  auto problems = std::move(loaded.problems);
  if (machine == Machine::this_one) {
    std::ranges::move(environment_problems(process_environment()), std::back_inserter(problems));
    // Of a draft nobody knows where it would listen. First, since it may fork.
    if (loaded.settings) std::ranges::move(start_problems(*loaded.settings), std::back_inserter(problems));
    if (loaded.settings) add_certificates(*loaded.settings, problems);
  }
  const auto scrubber = std::make_shared<base::Scrubber>();
  if (const auto* settings = loaded.readable()) look_at_plugins(*settings, missing, remotes, scrubber, problems);
  for (auto& problem : problems) problem.text = scrubber->scrub(std::move(problem.text));
  config::sort_by_place(problems);
  return problems;
}

}  // namespace belfry::app
