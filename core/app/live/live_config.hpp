// Everything that is built from the configuration in use. A reload replaces it as a whole.
// Thread rule: immutable once published.
#pragma once
#include <memory>

#include "app/live/published.hpp"
#include "app/live/sink_set.hpp"
#include "config/values/settings.hpp"
#include "delivery/acceptor.hpp"

namespace belfry::app {

struct LiveConfig {
  config::Settings settings;
  SinkSet sinks;
  delivery::SinkTraitsMap plans;
  std::shared_ptr<const delivery::Planner> planner;
  std::shared_ptr<delivery::OverloadMonitor> overload_monitor;  // null: not configured
  std::shared_ptr<delivery::Acceptor> pipeline;
};

}  // namespace belfry::app
