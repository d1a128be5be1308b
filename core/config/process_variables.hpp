// Environment variables that apply to the process, independent of the configuration.
#pragma once
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/log_line.hpp"
#include "config/values/settings.hpp"

namespace belfry::config {

// The level in BELFRY_LOG; none when unset or empty. The error lists the valid values.
[[nodiscard]] base::Result<std::optional<base::LogLevel>> log_level(const config::Environment& environment);

// The level to log at: that of BELFRY_LOG, else the configured one, else info. An invalid variable counts as unset.
[[nodiscard]] base::LogLevel effective_log_level(const LogSettings& settings, const config::Environment& environment);

// BELFRY_CORE_FILES, "yes" or "no"; no when unset or empty. The error lists the valid values.
[[nodiscard]] base::Result<bool> core_files_enabled(const config::Environment& environment);

// The errors of both variables.
[[nodiscard]] std::vector<config::Diagnostic> environment_problems(const config::Environment& environment);

}  // namespace belfry::config
