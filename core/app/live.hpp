// What the configuration in use makes of the gateway. A reload puts another one in its place as a whole.
// Thread rule: not changed any more once it is published.
#pragma once
#include <memory>

#include "app/published.hpp"
#include "app/sink_set.hpp"
#include "config/settings.hpp"
#include "delivery/pipeline.hpp"

namespace belfry::app {

struct Live {
  config::Settings settings;
  SinkSet sinks;
  delivery::SinkPlans plans;
  std::shared_ptr<const delivery::Planner> planner;
  std::shared_ptr<delivery::StormWatch> storm;  // null: the configuration asks for none
  std::shared_ptr<delivery::Pipeline> pipeline;
};

}  // namespace belfry::app
