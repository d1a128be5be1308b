// Logs the diagnostics of a configuration.
#pragma once
#include <vector>

#include "base/log.hpp"
#include "config/values/diagnostic.hpp"

namespace belfry::app {

// Logs each diagnostic at the level of its severity.
void log_problems(const base::Logger& log, const std::vector<config::Diagnostic>& problems);

}  // namespace belfry::app
