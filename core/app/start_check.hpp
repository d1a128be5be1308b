// What a start needs of this machine, tried with the code that the start itself uses: the state directory, the addresses, the files of TLS,
// and that the gateway's user may read what the configuration names.
// Thread rule: call it while the process has one thread, since it may fork. Blocks.
#pragma once
#include <vector>

#include "config/settings.hpp"

namespace belfry::app {

// Tried as the user that the gateway runs as, which a note then names: root becomes the user of the unit, with its capabilities, or the
// owner of the state directory, in a child process. Addresses that the running gateway itself listens on are no problem; it is asked, and
// not disturbed.
[[nodiscard]] std::vector<config::Problem> start_problems(const config::Settings& settings);

}  // namespace belfry::app
