#include <algorithm>
#include <iostream>

#include "base/file_state.hpp"
#include "cli/commands/commands.hpp"
#include "cli/commands/open_dry_run.hpp"
#include "cli/configuration_schema.hpp"
#include "cli/print_diagnostics.hpp"
#include "config/load.hpp"
#include "config/values/diagnostic.hpp"
#include "dryrun/test_cases.hpp"

namespace belfry::cli {
namespace {

namespace fs = std::filesystem;

// Anything but a directory is treated as a file; its reader reports why it cannot be read.
base::Result<std::vector<fs::path>> case_files(const fs::path& where) {
  if (base::state_of(where).kind != base::FileState::Kind::directory) return std::vector<fs::path>{where};
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator entry(where, error), end; !error && entry != end; entry.increment(error)) {
    const auto& path = entry->path();
    if (path.extension() == ".yaml" || path.extension() == ".yml") out.push_back(path);
  }
  if (error) return base::fail(where.string() + " cannot be read: " + error.message() + "; name a directory that you may read");
  std::ranges::sort(out);
  return out;
}

std::string counted(std::size_t count, const char* what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

}  // namespace

int config_test_command(const CommonOptions& common, const std::filesystem::path& where) {
  const auto configuration = open_dry_run(common, "config test");
  if (!configuration) return 1;
  std::size_t cases = 0;
  std::size_t failed = 0;
  bool broken = false;
  const auto files = case_files(where);
  if (!files) {
    std::cerr << "belfry config test: " << files.error().message << "\n";
    return 1;
  }
  for (const auto& file : *files) {
    const auto read = dryrun::read_cases(file, config::administrator_environment());
    print_problems(read.problems);
    if (config::has_error(read.problems)) {
      broken = true;
      continue;
    }
    for (const auto& each : read.cases) {
      const auto problems = dryrun::run_case(each, *configuration);
      print_problems(problems);
      ++cases;
      failed += problems.empty() ? 0 : 1;
    }
  }
  if (cases == 0 && !broken) {
    std::cerr << "belfry config test: " << where.string() << " has no cases; write files NAME.yaml with a list of cases\n";
    return 1;
  }
  std::cout << counted(cases, "case") << ", "
            << (failed > 0 ? counted(failed, "failure")
                : broken   ? "and files that cannot be read"
                           : "all as expected")
            << "\n";
  return failed > 0 || broken ? 1 : 0;
}

int config_schema_command() {
  std::cout << kConfigurationSchema;
  return 0;
}

}  // namespace belfry::cli
