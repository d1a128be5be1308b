// All that is wrong with a configuration in one go: what the file itself tells, and what the plugins say about it. Starts and sends
// nothing.
#pragma once
#include <vector>

#include "config/settings.hpp"

namespace belfry::app {

// By place, each once, secrets scrubbed. Runs plugins in child processes and blocks while they look.
[[nodiscard]] std::vector<config::Problem> findings(config::Loaded loaded);

}  // namespace belfry::app
