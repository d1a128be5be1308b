// Findings from the checks that `belfry check` makes as well. Pure.
#pragma once
#include <vector>

#include "cli/doctor/finding.hpp"
#include "config/values/diagnostic.hpp"

namespace belfry::cli::doctor {

struct DiagnosticContext {
  std::string area;
  std::string remedy;   // for diagnostics that include none
  std::string command;  // to check the repair
  // This user is not the one that the gateway runs as, nor root: denied access is not a problem of the gateway.
  bool other_user = false;
  // The gateway runs, perhaps with variables that this shell does not have.
  bool gateway_runs = false;
  std::string refused_reload = {};  // the error for which the gateway refused to reload; empty: none
};

// Errors become urgent, warnings stay warnings, and notes, which confirm that something is in order, are left out. At most `limit`
// findings; one more states how many were left out.
[[nodiscard]] Findings diagnostic_findings(const std::vector<config::Diagnostic>& problems, const DiagnosticContext& context,
                                           std::size_t limit = 10);

}  // namespace belfry::cli::doctor
