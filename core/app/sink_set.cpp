#include "app/sink_set.hpp"

#include <algorithm>

#include "app/sink_identity.hpp"
#include "app/transport.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kSpareConnections = 4;  // for what a plugin asks besides its deliveries
constexpr base::Millis kStop{15'000};

using Opened = std::expected<std::shared_ptr<plugin::Instance>, delivery::ParkReason>;

std::unexpected<delivery::ParkReason> park(std::string reason, std::string detail) {
  return std::unexpected(delivery::ParkReason{std::move(reason), std::move(detail)});
}

Opened open_instance(const SinkWorkshop& workshop, const config::SinkSettings& sink, const plugin::CheckedSink& checked) {
  if (!checked.missing.empty()) {
    const auto& missing = checked.missing.front();
    return park("missing_secret", "no " + missing.pointer.substr(1) + ": " + missing.text);
  }
  auto transport = transport_of(sink);
  transport.max_connections_per_host = sink.delivery.concurrency + kSpareConnections;
  auto websockets = net::make_websocket_client(workshop.net, transport);
  if (!websockets) return park("bad_transport", websockets.error().message);
  auto http = net::make_http_client(workshop.net, std::move(transport));
  if (!http) return park("bad_transport", http.error().message);
  auto instance = workshop.host.open(checked, std::move(*http), std::move(*websockets));
  if (!instance) return park("cannot_start", instance.error().message);
  return std::move(*instance);
}

delivery::LaneSettings lane_settings(const config::SinkSettings& sink) {
  delivery::LaneSettings lane;
  lane.sink = sink.name;
  lane.plugin = sink.plugin;
  lane.timeout = sink.delivery.timeout;
  lane.concurrency = sink.delivery.concurrency;
  lane.rates = rates_of(sink.delivery);
  return lane;
}

OpenSink open_sink(const SinkWorkshop& workshop, const config::SinkSettings& sink, const plugin::CheckedSink& checked) {
  OpenSink opened;
  auto instance = open_instance(workshop, sink, checked);
  if (instance) {
    opened.instance = *instance;
  } else {
    opened.broken = instance.error().detail;
  }
  auto lane = lane_settings(sink);
  opened.rates = lane.rates;
  opened.budget = lane.budget = workshop.host.send_budget(checked, lane.rates);
  opened.lane = workshop.dispatcher.make(std::move(lane), std::move(instance));
  return opened;
}

}  // namespace

std::map<std::string, std::string> broken_sinks(const SinkSet& sinks) {
  std::map<std::string, std::string> broken;
  for (const auto& [name, sink] : sinks)
    if (!sink.instance) broken[name] = sink.broken;
  return broken;
}

std::vector<std::shared_ptr<delivery::Lane>> lanes_of(const SinkSet& sinks) {
  std::vector<std::shared_ptr<delivery::Lane>> lanes;
  for (const auto& [name, sink] : sinks) lanes.push_back(sink.lane);
  return lanes;
}

SinkSet open_sinks(const SinkWorkshop& workshop, const config::Settings& settings, const SinkPlan& plan, const SinkSet& before) {
  SinkSet sinks;
  for (const auto& checked : plan.sinks) {
    const auto& sink = *std::ranges::find(settings.sinks, checked.name, &config::SinkSettings::name);
    auto identity = identity_of(sink, checked);
    const auto known = before.find(sink.name);
    const bool same = known != before.end() && known->second.instance && known->second.identity == identity;
    auto& opened = sinks[sink.name] = same ? known->second : open_sink(workshop, sink, checked);
    opened.identity = std::move(identity);
  }
  return sinks;
}

void close_sinks(const SinkSet& sinks, const SinkSet& in_use, base::SteadyTime now) {
  for (const auto& [name, sink] : sinks) {
    const auto kept = in_use.find(name);
    if (!sink.instance || (kept != in_use.end() && kept->second.instance == sink.instance)) continue;
    sink.instance->stop(kStop, [] {});
  }
  for (const auto& [name, sink] : in_use) sink.budget->define(sink.rates, now);
}

}  // namespace belfry::app
