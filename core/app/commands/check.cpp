#include <iostream>

#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "app/plugin_files.hpp"
#include "app/sinks.hpp"
#include "route/tree.hpp"

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

// Everything that serve would find out by itself, without starting or sending anything.
std::vector<Problem> findings(const CommonOptions& common, bool startable) {
  auto loaded = load_configuration(common);
  auto problems = std::move(loaded.problems);
  if (!loaded.settings) return problems;

  const TemporaryPluginStore copies;
  base::Scrubber scrubber;
  learn_secrets(*loaded.settings, scrubber);
  const plugin::InspectSettings inspect{copies.path(), {}};
  const auto catalogue = plugin::scan(loaded.settings->plugins.directories, inspect, silent_logger());
  add_refusals(catalogue, problems);
  const auto plan = plan_sinks(*loaded.settings, catalogue, inspect, scrubber);
  problems.insert(problems.end(), plan.problems.begin(), plan.problems.end());
  if (!startable) problems.insert(problems.end(), plan.missing.begin(), plan.missing.end());
  if (!has_error(problems)) {
    if (const auto tree = route::Tree::compile(loaded.settings->routes, plan.addressing); !tree) {
      problems.push_back({Problem::Severity::error, loaded.settings->file, 0, 0, tree.error().message});
    }
  }
  for (auto& problem : problems) problem.text = scrubber.scrub(std::move(problem.text));
  return problems;
}

nlohmann::json document_of(const std::vector<Problem>& problems) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& p : problems) {
    list.push_back({{"severity", p.severity == Problem::Severity::error ? "error" : "warning"},
                    {"file", p.file},
                    {"line", p.line},
                    {"column", p.column},
                    {"text", p.text}});
  }
  return {{"valid", !has_error(problems)}, {"problems", std::move(list)}};
}

}  // namespace

int check_command(const CommonOptions& common, bool startable) {
  const auto problems = findings(common, startable);
  if (common.json) {
    std::cout << document_of(problems).dump(2) << "\n";
  } else {
    print_problems(problems);
    if (!has_error(problems)) std::cout << "the configuration is valid\n";
  }
  return has_error(problems) ? 1 : 0;
}

}  // namespace belfry::app
