#include "cli/commands/open_dry_run.hpp"

#include <iostream>

#include "cli/print_diagnostics.hpp"
#include "config/load.hpp"

namespace belfry::cli {

std::optional<dryrun::DryRun> open_dry_run(const CommonOptions& common, std::string_view command) {
  auto loaded = config::load_configuration(common.config);
  if (!loaded.settings) {
    print_errors(loaded.problems);
    return std::nullopt;
  }
  if (loaded.settings->file.empty())
    std::cerr << "belfry " << command
              << ": /etc/belfry/belfry.yaml does not exist, so this uses the environment alone; name a file with --config\n";
  std::vector<config::Diagnostic> problems;
  auto opened = dryrun::DryRun::open(std::move(*loaded.settings), problems);
  print_errors(problems);
  if (opened) return std::move(*opened);
  std::cerr << "belfry " << command << ": " << opened.error().message << "\n";
  return std::nullopt;
}

}  // namespace belfry::cli
