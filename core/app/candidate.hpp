// A new configuration, checked as a whole while the current one stays in use.
// Thread rule: one thread. Blocks while plugins are inspected in child processes.
#pragma once
#include <expected>
#include <stop_token>
#include <vector>

#include "app/listeners.hpp"
#include "app/live/live_config.hpp"
#include "base/log.hpp"
#include "sink_check/checked_sinks.hpp"

namespace belfry::app {

struct Candidate {
  config::Settings settings;
  sink_check::CheckedSinks plan;
  Listeners::Next listeners;
  std::vector<config::Diagnostic> warnings;
};

// Reports every problem that would keep the configuration from working, all at once. A missing secret is no error if its sink already
// cannot run, so that other parts can be fixed first. `stop` cancels the check.
[[nodiscard]] std::expected<Candidate, std::vector<config::Diagnostic>> check_candidate(config::LoadResult loaded,
                                                                                        const LiveConfig& current, Listeners& listeners,
                                                                                        base::Scrubber& scrubber, const base::Logger& log,
                                                                                        std::stop_token stop);

}  // namespace belfry::app
