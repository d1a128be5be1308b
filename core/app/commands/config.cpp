#include <algorithm>
#include <iostream>

#include "app/cases.hpp"
#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "app/configuration_schema.hpp"
#include "base/file_state.hpp"

namespace belfry::app {
namespace {

namespace fs = std::filesystem;

// What is no directory is a file, whose reader says why it cannot be read.
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
    const auto read = read_cases(file, administrator_environment());
    print_problems(read.problems);
    if (has_error(read.problems)) {
      broken = true;
      continue;
    }
    for (const auto& each : read.cases) {
      const auto problems = run_case(each, *configuration);
      print_problems(problems);
      ++cases;
      failed += problems.empty() ? 0 : 1;
    }
  }
  if (cases == 0 && !broken) {
    std::cerr << "belfry config test: " << where.string() << " has no cases; write files NAME.yaml with a list of them\n";
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

}  // namespace belfry::app
