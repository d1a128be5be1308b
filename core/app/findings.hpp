// All that is wrong with a configuration in one go: what the file itself tells, what the plugins say about it, and, when asked for, what
// their remotes say. Starts and delivers nothing.
#pragma once
#include <vector>

#include "config/settings.hpp"

namespace belfry::app {

// Whether required secrets without a value, and files of a transport that cannot be used, are told: `serve` starts without them, with the
// lane of their sink parked.
enum class Missing { told, left_out };
enum class Remotes { left_alone, asked };
// Whether the gateway is to run on this machine: then what its start needs is tried (start_check.hpp).
enum class Machine { this_one, another };

// By place, each once, secrets scrubbed. Runs plugins in child processes and blocks while they look.
[[nodiscard]] std::vector<config::Problem> findings(config::Loaded loaded, Missing missing = Missing::told,
                                                    Remotes remotes = Remotes::left_alone, Machine machine = Machine::this_one);

}  // namespace belfry::app
