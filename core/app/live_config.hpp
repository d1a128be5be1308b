// Everything that is built from the configuration in use. A reload replaces it as a whole.
// Thread rule: immutable once published.
#pragma once
#include <memory>

#include "app/published.hpp"
#include "app/sink_set.hpp"
#include "config/settings.hpp"
#include "delivery/pipeline.hpp"

namespace belfry::app {

struct LiveConfig {
  config::Settings settings;
  SinkSet sinks;
  delivery::SinkPlans plans;
  std::shared_ptr<const delivery::Planner> planner;
  std::shared_ptr<delivery::OverloadMonitor> overload_monitor;  // null: not configured
  std::shared_ptr<delivery::Pipeline> pipeline;
};

}  // namespace belfry::app
