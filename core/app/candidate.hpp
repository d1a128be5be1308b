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

// Everything that would keep it from working is an error, all of them at once. A secret that is missing is none when the sink cannot run
// now either: other things may be mended before it. `stop` abandons it.
[[nodiscard]] std::expected<Candidate, std::vector<config::Problem>> check_candidate(config::Loaded loaded, const Live& in_use,
                                                                                     Doors& doors, base::Scrubber& scrubber,
                                                                                     const base::Logger& log, std::stop_token stop);

}  // namespace belfry::app
