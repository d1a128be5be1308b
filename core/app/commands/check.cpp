#include <algorithm>
#include <iostream>

#include "app/commands/check.hpp"
#include "app/configuration.hpp"
#include "app/findings.hpp"

namespace belfry::app {
namespace {

using config::Problem;

nlohmann::json document_of(const std::vector<Problem>& problems) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& p : problems) {
    list.push_back({{"severity", config::name_of(p.severity)}, {"file", p.file}, {"line", p.line}, {"column", p.column}, {"text", p.text}});
  }
  return {{"valid", !has_error(problems)}, {"problems", std::move(list)}};
}

}  // namespace

int check_command(const CommonOptions& common, const CheckOptions& options) { return check_command(common, options, false); }

int check_command(const CommonOptions& common, const CheckOptions& options, bool file_only) {
  const auto problems = findings(load_configuration(common), options.startable ? Missing::left_out : Missing::told,
                                 options.online ? Remotes::asked : Remotes::left_alone, file_only ? Machine::another : Machine::this_one);
  const auto warnings =
      std::ranges::count_if(problems, [](const Problem& problem) { return problem.severity == Problem::Severity::warning; });
  if (common.json) {
    std::cout << document_of(problems).dump(2) << "\n";
  } else {
    print_problems(problems);
    if (!has_error(problems)) std::cout << "the configuration is valid\n";
  }
  return has_error(problems) || (options.strict && warnings > 0) ? 1 : 0;
}

}  // namespace belfry::app
