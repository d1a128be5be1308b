// Checks what a start needs from this machine, with the same code as the start: the state directory, the database, the addresses, the TLS
// files, and whether the user of the gateway may read the files that the configuration names.
// Thread rule: call it while the process has one thread, since it may fork. Blocks.
#pragma once
#include <vector>

#include "config/values/settings.hpp"

namespace belfry::cli {

// Checks as the user that the gateway runs as, and names it in a note: in a child process, root becomes the user of the unit, with its
// capabilities, or the owner of the state directory. An address or a database that the running gateway itself uses is no problem;
// the gateway is queried, not disturbed.
[[nodiscard]] std::vector<config::Diagnostic> check_start(const config::Settings& settings);

// Everything that keeps the gateway from running with the configuration on this machine: environment variables, check_start(), and
// certificates that expire soon. For a configuration with errors, only the variables are checked.
[[nodiscard]] std::vector<config::Diagnostic> machine_problems(const config::LoadResult& loaded);

}  // namespace belfry::cli
