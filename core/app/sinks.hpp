// The sinks of the configuration against the plugins that are there: what serve, check and render have in common.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "delivery/fallback.hpp"
#include "model/pipeline.hpp"
#include "plugin/catalogue.hpp"
#include "policy/send_budget.hpp"

namespace belfry::app {

struct SinkPlan {
  std::vector<plugin::CheckedSink> sinks;  // those without an error, in the order of the configuration
  std::vector<config::Problem> problems;   // by place: of sinks, of routes, of paths that two want
  // Secrets without a value, and plugins that crash or cannot run with what is configured: an error for `check`, a parked lane for `serve`.
  // When there is an error anyway they are among the problems too.
  std::vector<config::Problem> missing;
  std::map<std::string, model::SinkAddressing> addressing;
};

// What planning and falling back have to know of each sink.
[[nodiscard]] std::map<std::string, delivery::SinkPlan> delivery_plans(const config::Settings& settings,
                                                                       const std::map<std::string, model::SinkAddressing>& addressing);

// How fast the lane of a sink may send.
[[nodiscard]] policy::SendRates rates_of(const config::DeliverySettings& delivery);

// The types that the sinks of a configuration need.
[[nodiscard]] plugin::WantedTypes wanted_types(const config::Settings& settings);

// Runs plugins in child processes only. Blocks while they look. The settings may be a draft: nothing is said about what it lacks.
[[nodiscard]] SinkPlan plan_sinks(const config::Settings& settings, const plugin::Catalogue& catalogue,
                                  const plugin::InspectSettings& inspect, base::Scrubber& scrubber);

// What a plugin says about the configuration of a sink, at its place in the file.
[[nodiscard]] config::Problem placed(const config::Settings& settings, const config::SinkSettings& sink, const plugin::Problem& problem);

}  // namespace belfry::app
