#include <iostream>

#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "app/findings.hpp"

namespace belfry::app {
namespace {

using config::Problem;

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
  const auto problems = findings(load_configuration(common), startable ? Missing::left_out : Missing::told);
  if (common.json) {
    std::cout << document_of(problems).dump(2) << "\n";
  } else {
    print_problems(problems);
    if (!has_error(problems)) std::cout << "the configuration is valid\n";
  }
  return has_error(problems) ? 1 : 0;
}

}  // namespace belfry::app
