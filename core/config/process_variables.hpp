// Environment variables that apply to the process, independent of the configuration.
#pragma once
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "config/values/settings.hpp"

namespace belfry::config {

// The level in BELFRY_LOG; info when unset or empty. The error lists the valid values.
[[nodiscard]] base::Result<base::LogLevel> log_level(const config::Environment& environment);

// BELFRY_CORE_FILES, "yes" or "no"; no when unset or empty. The error lists the valid values.
[[nodiscard]] base::Result<bool> core_files_enabled(const config::Environment& environment);

// The errors of both variables.
[[nodiscard]] std::vector<config::Diagnostic> environment_problems(const config::Environment& environment);

}  // namespace belfry::config
