// All that is wrong with a configuration in one go: what the file itself tells, and what the plugins say about it. Starts and sends
// nothing.
#pragma once
#include <vector>

#include "config/settings.hpp"

namespace belfry::app {

// Whether required secrets without a value, and files of a transport that cannot be used, are told: `serve` starts without them, with the
// lane of their sink parked.
enum class Missing { told, left_out };

// By place, each once, secrets scrubbed. Runs plugins in child processes and blocks while they look.
[[nodiscard]] std::vector<config::Problem> findings(config::Loaded loaded, Missing missing = Missing::told);

}  // namespace belfry::app
