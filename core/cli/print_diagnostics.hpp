// Prints diagnostics on standard error, one "FILE:LINE:COLUMN: error: ..." line each.
#pragma once
#include <vector>

#include "config/values/diagnostic.hpp"

namespace belfry::cli {

void print_problems(const std::vector<config::Diagnostic>& problems);

// Errors only. Warnings are printed by `check` and logged by the gateway.
void print_errors(const std::vector<config::Diagnostic>& problems);

}  // namespace belfry::cli
