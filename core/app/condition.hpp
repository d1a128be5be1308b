// How the gateway is, as a round trip through the threads of the network and of the store found it, and that in one line.
#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "delivery/dispatcher.hpp"
#include "store/store.hpp"

namespace belfry::app {

struct Condition {
  base::Result<store::Stats> stats = store::Stats{};
  base::Result<bool> writing = true;  // as far as it was tried
  std::vector<delivery::LaneStatus> lanes;
  std::string refused_reload = {};  // one sentence; empty: the configuration that was read last is in use
};

// What does not run and what to do about it, then the figures: "2 sinks open, 0 waiting".
[[nodiscard]] std::string status_line(const Condition& condition);

}  // namespace belfry::app
