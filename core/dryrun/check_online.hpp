// Checks a configuration with the remotes: each sink is opened without being started, checked, and stopped. Delivers nothing, and leaves
// the store of a running gateway alone.
#pragma once
#include <memory>
#include <vector>

#include "sink_check/checked_sinks.hpp"

namespace belfry::dryrun {

inline constexpr base::Millis kOnlineCheckTimeout{60'000};

// Returns one or more findings for each sink of the plan that has all its secrets, and for each route that sends to another shared
// destination, those that only this destination has. Blocks during the checks, which run in parallel, each for at most `timeout`.
[[nodiscard]] std::vector<config::Diagnostic> check_online(const config::Settings& settings, const sink_check::CheckedSinks& plan,
                                                           const std::shared_ptr<base::Scrubber>& scrubber,
                                                           base::Millis timeout = kOnlineCheckTimeout);

}  // namespace belfry::dryrun
