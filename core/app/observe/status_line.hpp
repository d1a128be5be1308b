// Result of a liveness round trip through the network and store threads, with a one-line summary.
#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "delivery/dispatcher.hpp"
#include "store/store.hpp"

namespace belfry::app {

struct HealthSnapshot {
  base::Result<store::Stats> stats = store::Stats{};
  base::Result<bool> writable = true;  // also true if writing was not tried
  std::vector<delivery::LaneStatus> lanes;
  std::string reload_error = {};  // one sentence; empty: the configuration read last is in use
};

// Problems and their fixes, then the figures: "2 sinks open, 0 waiting".
[[nodiscard]] std::string status_line(const HealthSnapshot& snapshot);

}  // namespace belfry::app
