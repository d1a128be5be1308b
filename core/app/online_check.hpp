// What the remotes say about a configuration: each sink is opened, not started, asked, and stopped. Nothing is delivered,
// and the store of a gateway that may be running is left alone.
#pragma once
#include <memory>
#include <vector>

#include "app/sinks.hpp"

namespace belfry::app {

// One or more findings for each sink of the plan that has all its secrets. Blocks while the remotes are asked, all at the same time.
[[nodiscard]] std::vector<config::Problem> check_online(const config::Settings& settings, const SinkPlan& plan,
                                                        const std::shared_ptr<base::Scrubber>& scrubber);

}  // namespace belfry::app
