#include <iostream>

#include "cli/commands/commands.hpp"
#include "cli/doctor/diagnose.hpp"

namespace belfry::cli {

int doctor_command(const CommonOptions& common) {
  const auto findings = doctor::diagnose(common.config);
  if (common.json) {
    std::cout << doctor::document_of(findings).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else {
    std::cout << doctor::text_of(findings);
  }
  return doctor::exit_code(findings);
}

}  // namespace belfry::cli
