#include "app/live/sink_set.hpp"

#include <algorithm>

#include "sink_check/sink_identity.hpp"
#include "sink_check/transport.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kSpareConnections = 4;  // for a plugin's requests besides its deliveries
constexpr base::Millis kSinkStopTimeout{15'000};

using OpenResult = std::expected<std::shared_ptr<plugin::Instance>, delivery::ParkReason>;

std::unexpected<delivery::ParkReason> park(std::string reason, std::string detail) {
  return std::unexpected(delivery::ParkReason{std::move(reason), std::move(detail)});
}

OpenResult open_instance(const SinkFactory& factory, const config::SinkSettings& sink, const plugin::CheckedSink& checked) {
  if (!checked.missing.empty()) {
    const auto& missing = checked.missing.front();
    return park("missing_secret", "no " + missing.pointer.substr(1) + ": " + missing.text);
  }
  auto transport = sink_check::transport_of(sink);
  transport.max_connections_per_host = sink.delivery.concurrency + kSpareConnections;
  auto websockets = net::make_websocket_client(factory.net, transport);
  if (!websockets) return park("bad_transport", websockets.error().message);
  auto http = net::make_http_client(factory.net, std::move(transport));
  if (!http) return park("bad_transport", http.error().message);
  auto instance = factory.host.open(checked, std::move(*http), std::move(*websockets));
  if (!instance) return park("cannot_start", instance.error().message);
  return std::move(*instance);
}

delivery::LaneSettings lane_settings(const config::SinkSettings& sink) {
  delivery::LaneSettings lane;
  lane.sink = sink.name;
  lane.plugin = sink.plugin;
  lane.timeout = sink.delivery.timeout;
  lane.concurrency = sink.delivery.concurrency;
  lane.rates = sink_check::rates_of(sink.delivery);
  return lane;
}

// The recorded crash of its plugin, or the one just seen in the child process.
std::optional<plugin::CrashedSink> known_crash(const SinkFactory& factory, const plugin::CheckedSink& checked) {
  const auto now = factory.clock.now();
  const auto code = checked.copy.path.stem().string();
  const auto known = factory.crashes.find(checked.name, code, now);
  if (checked.crash.empty() || (known && known->until > now)) return known;
  factory.crashes.add(checked.name, checked.file.string(), code, checked.crash, now);
  return factory.crashes.find(checked.name, code, now);
}

OpenSink open_sink(const SinkFactory& factory, const config::SinkSettings& sink, const plugin::CheckedSink& checked) {
  OpenSink opened;
  auto lane = lane_settings(sink);
  lane.crashed_too_often = [&crashes = factory.crashes](const std::string& delivery) { return crashes.crashed_too_often(delivery); };
  lane.on_crasher_ended = [&crashes = factory.crashes](const std::string& delivery) { crashes.forget_delivery(delivery); };
  lane.on_release = [release = factory.release, name = sink.name] { release(name); };
  opened.rates = lane.rates;
  // Before the plugin starts, so that its first requests draw on the same account budget as the lanes.
  opened.budget = lane.budget = factory.host.send_budget(checked, lane.rates);

  // No plugin code is loaded into this process before the next retry.
  const auto crashed = known_crash(factory, checked);
  const bool waits = crashed && (crashed->until > factory.clock.now() || !checked.crash.empty());
  if (waits) opened.crashed = checked;
  auto instance = waits ? OpenResult(park("crashed", crashed->detail)) : open_instance(factory, sink, checked);
  if (instance) opened.instance = *instance;
  try {
    if (!instance) opened.error = instance.error().detail;
    if (crashed && (waits || instance)) lane.crashed = {crashed->detail, crashed->until};
    opened.lane = factory.dispatcher.make_lane(std::move(lane), std::move(instance));
  } catch (...) {
    if (opened.instance) opened.instance->stop(kSinkStopTimeout, [] {});
    throw;
  }
  return opened;
}

}  // namespace

std::map<std::string, std::string> failed_sinks(const SinkSet& sinks) {
  std::map<std::string, std::string> broken;
  for (const auto& [name, sink] : sinks)
    if (!sink.instance) broken[name] = sink.error;
  return broken;
}

std::vector<std::shared_ptr<delivery::Lane>> lanes_of(const SinkSet& sinks) {
  std::vector<std::shared_ptr<delivery::Lane>> lanes;
  for (const auto& [name, sink] : sinks) lanes.push_back(sink.lane);
  return lanes;
}

SinkSet open_sinks(const SinkFactory& factory, const config::Settings& settings, const sink_check::CheckedSinks& plan,
                   const SinkSet& before) {
  SinkSet sinks;
  try {
    for (const auto& checked : plan.sinks) {
      const auto& sink = *std::ranges::find(settings.sinks, checked.name, &config::SinkSettings::name);
      auto identity = sink_check::identity_of(sink, checked);
      const auto known = before.find(sink.name);
      const bool same = known != before.end() && known->second.instance && known->second.identity == identity;
      auto& opened = sinks[sink.name];  // inserted first, so that an exception cannot lose the open sink
      opened = same ? known->second : open_sink(factory, sink, checked);
      opened.identity = std::move(identity);
    }
  } catch (...) {
    close_sinks(sinks, before, std::chrono::steady_clock::now());
    throw;
  }
  return sinks;
}

OpenSink reopen_crashed(const SinkFactory& factory, const config::SinkSettings& sink, const OpenSink& previous,
                        const plugin::InspectSettings& inspect) {
  auto checked = *previous.crashed;
  auto identity = previous.identity;  // copied before the sink is open, because a copy may throw
  checked.crash = plugin::probe_for_crash(checked, inspect);
  auto opened = open_sink(factory, sink, checked);
  opened.identity = std::move(identity);
  return opened;
}

void close_sinks(const SinkSet& sinks, const SinkSet& current, base::SteadyTime now) {
  for (const auto& [name, sink] : sinks) {
    const auto kept = current.find(name);
    if (!sink.instance || (kept != current.end() && kept->second.instance == sink.instance)) continue;
    sink.instance->stop(kSinkStopTimeout, [] {});
  }
  for (const auto& [name, sink] : current)
    if (sink.budget) sink.budget->reconfigure(sink.rates, now);
}

}  // namespace belfry::app
