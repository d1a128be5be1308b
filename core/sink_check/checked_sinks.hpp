// Checks the configured sinks against the installed plugins, for serve, check and render alike.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "config/values/settings.hpp"
#include "delivery/fallback_delivery.hpp"
#include "model/pipeline.hpp"
#include "plugin/inspect/catalogue.hpp"
#include "policy/send_budget.hpp"

namespace belfry::sink_check {

struct CheckedSinks {
  std::vector<plugin::CheckedSink> sinks;    // those without an error, in the order of the configuration
  std::vector<config::Diagnostic> problems;  // sorted by location: of sinks, routes, and paths that two claim
  // Secrets without a value, and plugins that crash or cannot run with their configuration: an error for `check`, a parked lane for
  // `serve`. Also among the problems if there is an error anyway.
  std::vector<config::Diagnostic> missing;
  std::map<std::string, model::SinkAddressing> addressing;
};

// The properties of each sink that planning and fallback need.
[[nodiscard]] std::map<std::string, delivery::SinkTraits> sink_traits(const config::Settings& settings,
                                                                      const std::map<std::string, model::SinkAddressing>& addressing);

// The send rates for the lane of a sink, with defaults filled in.
[[nodiscard]] policy::SendRates rates_of(const config::DeliverySettings& delivery);

// The types that the sinks of a configuration need.
[[nodiscard]] plugin::WantedTypes wanted_types(const config::Settings& settings);

// Runs plugins in child processes only, and blocks meanwhile. The settings may be a draft; parts missing from it are not reported.
[[nodiscard]] CheckedSinks check_sinks(const config::Settings& settings, const plugin::Catalogue& catalogue,
                                       const plugin::InspectSettings& inspect, base::Scrubber& scrubber);

// A plugin's finding about the configuration of a sink, with its location in the file.
[[nodiscard]] config::Diagnostic to_config_problem(const config::Settings& settings, const config::SinkSettings& sink,
                                                   const plugin::Finding& problem);
// The same about the options that a route sets for the sink; the pointer is relative to them.
[[nodiscard]] config::Diagnostic to_route_problem(const model::RouteRule& route, const config::SinkSettings& sink,
                                                  const plugin::Finding& problem);

}  // namespace belfry::sink_check
