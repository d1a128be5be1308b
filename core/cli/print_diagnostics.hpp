// Prints diagnostics on standard error, one "FILE:LINE:COLUMN: error: ..." line each, and converts them to JSON.
#pragma once
#include <nlohmann/json.hpp>
#include <vector>

#include "config/values/diagnostic.hpp"

namespace belfry::cli {

void print_problems(const std::vector<config::Diagnostic>& problems);

// Errors only. Warnings are printed by `check` and logged by the gateway.
void print_errors(const std::vector<config::Diagnostic>& problems);

// A list of {severity, file, line, column, text}.
[[nodiscard]] nlohmann::json diagnostics_document(const std::vector<config::Diagnostic>& problems);
// The inverse. Leaves out what is not a diagnostic.
[[nodiscard]] std::vector<config::Diagnostic> diagnostics_from(const nlohmann::json& list);

}  // namespace belfry::cli
