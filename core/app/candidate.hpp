// A configuration that is to take the place of the one in use, checked whole while that one goes on.
// Thread rule: one thread. Blocks while plugins are looked at in child processes.
#pragma once
#include <expected>
#include <stop_token>
#include <vector>

#include "app/doors.hpp"
#include "app/live.hpp"
#include "app/sinks.hpp"
#include "base/log.hpp"

namespace belfry::app {

struct Candidate {
  config::Settings settings;
  SinkPlan plan;
  Doors::Next doors;
  std::vector<config::Problem> warnings;
};

// Reports everything that would keep the configuration from working, all at once. A missing secret is no error if the sink cannot run now
// either, so that other parts can be repaired first. `stop` abandons the check.
[[nodiscard]] std::expected<Candidate, std::vector<config::Problem>> check_candidate(config::Loaded loaded, const Live& in_use,
                                                                                     Doors& doors, base::Scrubber& scrubber,
                                                                                     const base::Logger& log, std::stop_token stop);

}  // namespace belfry::app
