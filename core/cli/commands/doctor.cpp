#include <iostream>

#include "cli/commands/commands.hpp"
#include "cli/doctor/diagnose.hpp"
#include "cli/suggested_commands.hpp"

namespace belfry::cli {

namespace {

// So that the commands work when they are copied.
void name_configuration(doctor::Findings& findings, const std::filesystem::path& config) {
  for (auto& finding : findings) {
    for (auto* text : {&finding.found, &finding.remedy, &finding.command}) *text = with_config(std::move(*text), config);
    name_configuration(finding.consequences, config);
  }
}

}  // namespace

int doctor_command(const CommonOptions& common) {
  auto findings = doctor::diagnose(common.config);
  name_configuration(findings, common.config);
  if (common.json) {
    std::cout << doctor::document_of(findings).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else {
    std::cout << doctor::text_of(findings);
  }
  return doctor::exit_code(findings);
}

}  // namespace belfry::cli
