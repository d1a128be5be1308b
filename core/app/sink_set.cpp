#include "app/sink_set.hpp"

#include <algorithm>

#include "app/sink_identity.hpp"
#include "app/transport.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kSpareConnections = 4;  // for what a plugin asks besides its deliveries
constexpr base::Millis kStopLimit{15'000};

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

// What is known of crashes of its plugin, with the one of just now in the child process.
std::optional<plugin::CrashedSink> crashes_of(const SinkWorkshop& workshop, const plugin::CheckedSink& checked) {
  const auto now = workshop.clock.now();
  const auto code = checked.copy.path.stem().string();
  const auto known = workshop.crashes.find(checked.name, code, now);
  if (checked.crash.empty() || (known && known->until > now)) return known;
  workshop.crashes.add(checked.name, checked.file.string(), code, checked.crash, now);
  return workshop.crashes.find(checked.name, code, now);
}

OpenSink open_sink(const SinkWorkshop& workshop, const config::SinkSettings& sink, const plugin::CheckedSink& checked) {
  OpenSink opened;
  auto lane = lane_settings(sink);
  lane.gave_up = [&crashes = workshop.crashes](const std::string& delivery) { return crashes.gave_up(delivery); };
  lane.ended_given_up = [&crashes = workshop.crashes](const std::string& delivery) { crashes.forget_delivery(delivery); };
  lane.on_release = [release = workshop.release, name = sink.name] { release(name); };
  opened.rates = lane.rates;
  // Before the plugin starts: what it takes from the account's budget then is taken from the one that the lanes use.
  opened.budget = lane.budget = workshop.host.send_budget(checked, lane.rates);

  // None of its code is loaded in here before its next try.
  const auto crashed = crashes_of(workshop, checked);
  const bool waits = crashed && (crashed->until > workshop.clock.now() || !checked.crash.empty());
  auto instance = waits ? Opened(park("crashed", crashed->detail)) : open_instance(workshop, sink, checked);
  if (instance) {
    opened.instance = *instance;
  } else {
    opened.broken = instance.error().detail;
  }
  if (waits) opened.waiting = checked;
  if (crashed && (waits || instance)) lane.crashed = {crashed->detail, crashed->until};
  try {
    opened.lane = workshop.dispatcher.make(std::move(lane), std::move(instance));
  } catch (...) {
    if (opened.instance) opened.instance->stop(kStopLimit, [] {});
    throw;
  }
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
  try {
    for (const auto& checked : plan.sinks) {
      const auto& sink = *std::ranges::find(settings.sinks, checked.name, &config::SinkSettings::name);
      auto identity = identity_of(sink, checked);
      const auto known = before.find(sink.name);
      const bool same = known != before.end() && known->second.instance && known->second.identity == identity;
      auto& opened = sinks[sink.name];  // first, so that what is opened has its place
      opened = same ? known->second : open_sink(workshop, sink, checked);
      opened.identity = std::move(identity);
    }
  } catch (...) {
    close_sinks(sinks, before, std::chrono::steady_clock::now());
    throw;
  }
  return sinks;
}

OpenSink try_again(const SinkWorkshop& workshop, const config::SinkSettings& sink, const OpenSink& waiting,
                   const plugin::InspectSettings& inspect) {
  auto checked = *waiting.waiting;
  checked.crash = plugin::crash_in_child(checked, inspect);
  auto opened = open_sink(workshop, sink, checked);
  opened.identity = waiting.identity;
  return opened;
}

void close_sinks(const SinkSet& sinks, const SinkSet& in_use, base::SteadyTime now) {
  for (const auto& [name, sink] : sinks) {
    const auto kept = in_use.find(name);
    if (!sink.instance || (kept != in_use.end() && kept->second.instance == sink.instance)) continue;
    sink.instance->stop(kStopLimit, [] {});
  }
  for (const auto& [name, sink] : in_use)
    if (sink.budget) sink.budget->define(sink.rates, now);
}

}  // namespace belfry::app
