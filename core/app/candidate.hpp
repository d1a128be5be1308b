// A configuration that is to take the place of the one in use: read and checked whole while that one goes on.
// Thread rule: one thread. Blocks while plugins are looked at in child processes.
#pragma once
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/commands/commands.hpp"
#include "app/sinks.hpp"
#include "base/log.hpp"
#include "net/http_server.hpp"

namespace belfry::app {

// What is in use now.
struct Incumbent {
  const config::Settings& settings;
  std::set<std::string> broken;  // its sinks that cannot run
};

struct Candidate {
  config::Settings settings;
  SinkPlan plan;
  net::OpenDoors doors;  // those that are new are open already: an address that is taken is found out in time
};

// Everything that would keep it from working is an error, all of them at once. A secret that is missing is none when the sink cannot run
// now either: other things may be mended before it.
[[nodiscard]] std::expected<Candidate, std::vector<config::Problem>> read_candidate(const CommonOptions& common, const Incumbent& incumbent,
                                                                                    base::Scrubber& scrubber, const base::Logger& log);

}  // namespace belfry::app
