#include <algorithm>
#include <iostream>

#include "cli/commands/check.hpp"
#include "cli/print_diagnostics.hpp"
#include "cli/start_check.hpp"
#include "cli/suggested_commands.hpp"
#include "cli/unused_sinks.hpp"
#include "config/load.hpp"
#include "config/values/diagnostic.hpp"
#include "dryrun/configuration_check.hpp"

namespace belfry::cli {
namespace {

using config::Diagnostic;

constexpr base::Millis kStatusTimeout{5'000};

nlohmann::json document_of(const std::vector<Diagnostic>& problems) {
  return {{"valid", !config::has_error(problems)}, {"problems", diagnostics_document(problems)}};
}

}  // namespace

int check_command(const CommonOptions& common, const CheckOptions& options) { return check_command(common, options, false); }

int check_command(const CommonOptions& common, const CheckOptions& options, bool file_only) {
  auto loaded = config::load_configuration(common.config);
  if (!file_only) {
    explain_unused_sinks(loaded, kStatusTimeout);
    std::ranges::move(machine_problems(loaded), std::back_inserter(loaded.problems));
  }
  auto problems = dryrun::check_configuration(std::move(loaded), options.startable ? dryrun::ReportMissing::no : dryrun::ReportMissing::yes,
                                              options.online ? dryrun::CheckRemotes::yes : dryrun::CheckRemotes::no);
  for (auto& problem : problems) problem.text = with_config(std::move(problem.text), common.config);
  const auto warnings =
      std::ranges::count_if(problems, [](const Diagnostic& problem) { return problem.severity == Diagnostic::Severity::warning; });
  if (common.json) {
    std::cout << document_of(problems).dump(2) << "\n";
  } else {
    print_problems(problems);
    if (!config::has_error(problems)) std::cout << "the configuration is valid\n";
  }
  return config::has_error(problems) || (options.strict && warnings > 0) ? 1 : 0;
}

}  // namespace belfry::cli
