#include <algorithm>
#include <iostream>

#include "app/cases.hpp"
#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "app/configuration_schema.hpp"

namespace belfry::app {
namespace {

std::vector<std::filesystem::path> case_files(const std::filesystem::path& where) {
  std::error_code error;
  if (!std::filesystem::is_directory(where, error)) return {where};
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(where, error)) {
    if (entry.path().extension() == ".yaml" || entry.path().extension() == ".yml") out.push_back(entry.path());
  }
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
  for (const auto& file : case_files(where)) {
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
