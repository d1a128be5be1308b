#include "app/observe/scraped_gauges.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <set>

#include "app/observe/process_metrics.hpp"
#include "app/observe/status.hpp"

namespace belfry::app {

using prometheus::BuildCounter;
using prometheus::BuildGauge;

namespace {

double in_seconds(base::Millis millis) { return static_cast<double>(millis.count()) / 1000.0; }

// A sink with a lane but nothing in the store has series, too.
void add_queue(prometheus::Registry& registry, const store::Stats& stats, const std::vector<delivery::LaneStatus>& lanes,
               base::Timestamp now) {
  auto& depth = BuildGauge().Name("belfry_queue_depth").Help("Unfinished deliveries, by state").Register(registry);
  auto& oldest =
      BuildGauge().Name("belfry_queue_oldest_seconds").Help("How long the oldest unfinished delivery has been due").Register(registry);
  auto& dead = BuildGauge().Name("belfry_dead_letters").Help("Deliveries that wait for an operator").Register(registry);
  auto& stalled = BuildGauge()
                      .Name("belfry_delivery_stalled")
                      .Help("1 if deliveries are due and none has been attempted for a minute")
                      .Register(registry);
  auto sinks = stats.sinks;
  for (const auto& lane : lanes) {
    const auto& figures = sinks[lane.sink];
    stalled.Add({{"sink", lane.sink}}).Set(is_stalled(lane, figures, now) ? 1 : 0);
  }
  for (const auto& [sink, figures] : sinks) {
    const auto set = [&, &name = sink](const char* state, std::uint64_t value) {
      depth.Add({{"sink", name}, {"state", state}}).Set(static_cast<double>(value));
    };
    set("waiting", figures.waiting);
    set("in_flight", figures.in_flight);
    set("backoff", figures.backoff);
    set("held", figures.held);
    oldest.Add({{"sink", sink}}).Set(figures.oldest ? std::max(0.0, in_seconds(now - *figures.oldest)) : 0.0);
    dead.Add({{"sink", sink}}).Set(static_cast<double>(figures.dead_letters));
  }
  BuildGauge()
      .Name("belfry_notifications_unrouted")
      .Help("Notifications within the retention period that matched no route")
      .Register(registry)
      .Add({})
      .Set(static_cast<double>(stats.unrouted));
}

void add_lanes(prometheus::Registry& registry, const std::vector<delivery::LaneStatus>& lanes) {
  auto& family = BuildGauge().Name("belfry_lane_state").Help("1 for the current state of the lane").Register(registry);
  for (const auto& lane : lanes) {
    for (const auto state : delivery::kLaneStates) {
      family.Add({{"sink", lane.sink}, {"state", std::string(to_string(state))}}).Set(lane.state == state ? 1 : 0);
    }
  }
}

// Skips gauges of sinks without a lane, which are left over from an earlier configuration.
void add_plugin_gauges(prometheus::Registry& registry, const PluginGauges& gauges, const std::vector<delivery::LaneStatus>& lanes) {
  std::set<std::string> sinks;
  for (const auto& lane : lanes)
    if (lane.state != delivery::LaneState::orphaned) sinks.insert(lane.sink);
  for (const auto& [of, value] : gauges) {
    const auto& [name, sink] = of;
    if (!sinks.contains(sink)) continue;
    BuildGauge().Name("belfry_plugin_" + name).Help("Set by the plugin").Register(registry).Add({{"sink", sink}}).Set(value);
  }
}

void add_certificates(prometheus::Registry& registry, const std::map<std::string, base::Timestamp>& ends) {
  auto& family = BuildGauge()
                     .Name("belfry_certificate_expiry_timestamp_seconds")
                     .Help("Earliest expiry of the certificates in the file, Unix seconds")
                     .Register(registry);
  for (const auto& [file, end] : ends) family.Add({{"file", file}}).Set(in_seconds(end.time_since_epoch()));
}

void add_canary(prometheus::Registry& registry, const CanaryFigures& canary) {
  const auto gauge = [&](const char* name, const char* help, double value) {
    BuildGauge().Name(name).Help(help).Register(registry).Add({}).Set(value);
  };
  if (!canary.interval) return;
  gauge("belfry_canary_interval_seconds", "Interval between canaries, as configured", in_seconds(*canary.interval));
  if (!canary.last_success) return;
  gauge("belfry_canary_last_success_timestamp_seconds", "Delivery of the latest canary that arrived, Unix seconds",
        in_seconds(canary.last_success->time_since_epoch()));
  gauge("belfry_canary_seconds", "Time from receipt to delivery of the latest canary that arrived", in_seconds(canary.took));
}

// Leaves the series out if the file system cannot be read.
void add_free_space(prometheus::Registry& registry, const std::filesystem::path& directory) {
  if (directory.empty()) return;
  std::error_code failed;
  const auto space = std::filesystem::space(directory, failed);
  if (failed) return;
  BuildGauge()
      .Name("belfry_store_free_bytes")
      .Help("Free space on the file system of the store")
      .Register(registry)
      .Add({})
      .Set(static_cast<double>(space.available));
}

void add_log(prometheus::Registry& registry, std::uint64_t dropped) {
  BuildCounter()
      .Name("belfry_log_dropped_total")
      .Help("Log lines that could not be written in time")
      .Register(registry)
      .Add({})
      .Increment(static_cast<double>(dropped));
}

void add_process(prometheus::Registry& registry) {
  const auto figures = read_process_figures();
  if (!figures) return;
  const auto gauge = [&](const char* name, const char* help, double value) {
    BuildGauge().Name(name).Help(help).Register(registry).Add({}).Set(value);
  };
  BuildCounter()
      .Name("process_cpu_seconds_total")
      .Help("User and system CPU time")
      .Register(registry)
      .Add({})
      .Increment(figures->cpu_seconds);
  gauge("process_resident_memory_bytes", "Resident memory", figures->resident_bytes);
  gauge("process_virtual_memory_bytes", "Virtual memory", figures->virtual_bytes);
  gauge("process_start_time_seconds", "Start time, Unix seconds", figures->start_time_seconds);
  gauge("process_open_fds", "Open file descriptors", figures->open_fds);
  gauge("process_max_fds", "Limit of open file descriptors", figures->max_fds);
  gauge("process_threads", "Threads", figures->threads);
}

}  // namespace

void add_scraped_gauges(prometheus::Registry& registry, const ScrapedFigures& figures) {
  add_queue(registry, figures.stats, figures.lanes, figures.now);
  add_lanes(registry, figures.lanes);
  add_plugin_gauges(registry, figures.plugin_gauges, figures.lanes);
  add_certificates(registry, figures.certificates);
  add_canary(registry, figures.canary);
  add_free_space(registry, figures.store_directory);
  add_log(registry, figures.log_lines_dropped);
  add_process(registry);
}

}  // namespace belfry::app
