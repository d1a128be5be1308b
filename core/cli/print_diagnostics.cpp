#include "cli/print_diagnostics.hpp"

#include <iostream>

namespace belfry::cli {

void print_problems(const std::vector<config::Diagnostic>& problems) {
  for (const auto& problem : problems) std::cerr << problem.to_string() << "\n";
}

void print_errors(const std::vector<config::Diagnostic>& problems) {
  for (const auto& problem : problems)
    if (problem.severity == config::Diagnostic::Severity::error) std::cerr << problem.to_string() << "\n";
}

}  // namespace belfry::cli
