// The result of a health probe (health_probe.hpp). A value.
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

}  // namespace belfry::app
