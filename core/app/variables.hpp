// The environment variables that hold whatever the configuration says.
#pragma once
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "config/settings.hpp"

namespace belfry::app {

// Of BELFRY_LOG; info unless it is set. The error says what to write.
[[nodiscard]] base::Result<base::LogLevel> log_level(const config::Environment& environment);

// Of BELFRY_CORE_FILES, "yes" or "no"; no unless it is set.
[[nodiscard]] base::Result<bool> wants_core_files(const config::Environment& environment);

// Problems with the environment variables that Belfry reads.
[[nodiscard]] std::vector<config::Problem> environment_problems(const config::Environment& environment);

}  // namespace belfry::app
