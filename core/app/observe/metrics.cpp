#include "app/observe/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "app/observe/process_metrics.hpp"
#include "app/observe/status.hpp"
#include "base/log_writer.hpp"

namespace belfry::app {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using Buckets = prometheus::Histogram::BucketBoundaries;

namespace {

double seconds(base::Millis millis) { return static_cast<double>(millis.count()) / 1000.0; }
std::string text_of(std::string_view view) { return std::string(view); }

const Buckets kDeliveryBuckets{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400};
const Buckets kAttemptBuckets{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
const Buckets kCommitBuckets{0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};
const Buckets kBatchBuckets{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};

// Label values, see docs/reference/metrics.md. These series have an empty `reason`, which Prometheus treats as absent.
constexpr const char* kResults[] = {"accepted", "duplicate", "invalid", "unauthorized", "refused"};
constexpr const char* kDeliveryOutcomes[] = {"delivered", "rejected", "expired", "discarded"};
constexpr const char* kAttemptOutcomes[] = {"delivered", "retry", "rate_limited", "rejected", "misconfigured"};
constexpr const char* kViolations[] = {"bad_argument", "bad_outcome", "bad_ticket",       "completed_late", "completed_twice",
                                       "hung",         "log_flood",   "slow_call",        "slow_scan",      "stop_timeout",
                                       "threw",        "too_early",   "too_many_requests"};

// Gauges that are looked up at each scrape. They are built afresh each time, so that a removed sink leaves no stale series; a sink with a
// lane but nothing in the store has series, too.
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
    oldest.Add({{"sink", sink}}).Set(figures.oldest ? std::max(0.0, seconds(now - *figures.oldest)) : 0.0);
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
      family.Add({{"sink", lane.sink}, {"state", text_of(to_string(state))}}).Set(lane.state == state ? 1 : 0);
    }
  }
}

using PluginGauges = std::map<std::pair<std::string, std::string>, double>;  // by name and sink

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
  for (const auto& [file, end] : ends) family.Add({{"file", file}}).Set(seconds(end.time_since_epoch()));
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

// Bounds the reasons and names that plugins choose: the first hundred of each sink are kept, all others become "other".
class BoundedNames {
 public:
  std::string bounded(std::string_view sink, std::string_view name) {
    const std::lock_guard lock(mutex_);
    auto& known = known_[text_of(sink)];
    if (known.contains(name)) return text_of(name);
    if (known.size() >= plugin::kMaxReasons) return "other";
    known.emplace(name);
    return text_of(name);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::set<std::string, std::less<>>> known_;  // by sink
};

}  // namespace

struct Metrics::Impl {
  BoundedNames reasons;
  BoundedNames counters;
  BoundedNames gauge_names;
  std::atomic<std::uint64_t> refusals = 0;
  std::mutex gauges_mutex;
  PluginGauges gauges;
  std::map<std::string, base::Timestamp> certificates;  // expiry, by file
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& received =
      BuildCounter().Name("belfry_notifications_received_total").Help("Requests from sources, by result").Register(registry);
  prometheus::Family<prometheus::Counter>& deliveries =
      BuildCounter().Name("belfry_deliveries_total").Help("Finished deliveries, by outcome").Register(registry);
  prometheus::Family<prometheus::Counter>& dead_letters =
      BuildCounter().Name("belfry_dead_letters_total").Help("Deliveries that became dead letters").Register(registry);
  prometheus::Family<prometheus::Counter>& attempts =
      BuildCounter().Name("belfry_delivery_attempts_total").Help("Finished attempts, by outcome").Register(registry);
  prometheus::Family<prometheus::Histogram>& delivery_seconds =
      BuildHistogram().Name("belfry_delivery_seconds").Help("Time from receipt to delivery").Register(registry);
  prometheus::Family<prometheus::Histogram>& attempt_seconds =
      BuildHistogram().Name("belfry_attempt_seconds").Help("Duration of attempts").Register(registry);
  prometheus::Family<prometheus::Counter>& duplicates =
      BuildCounter().Name("belfry_possible_duplicates_total").Help("Deliveries that may have arrived more than once").Register(registry);
  prometheus::Family<prometheus::Counter>& violations =
      BuildCounter().Name("belfry_plugin_violations_total").Help("Plugin contract violations, by kind").Register(registry);
  prometheus::Family<prometheus::Counter>& shed =
      BuildCounter().Name("belfry_connections_shed_total").Help("Connections closed or refused at a limit, by reason").Register(registry);
  prometheus::Family<prometheus::Counter>& requests =
      BuildCounter().Name("belfry_http_requests_total").Help("Requests answered, by listener and status code").Register(registry);
  prometheus::Family<prometheus::Counter>& inbound = BuildCounter()
                                                         .Name("belfry_inbound_requests_total")
                                                         .Help("Inbound requests to plugins, by result of the verification")
                                                         .Register(registry);
  prometheus::Gauge& last_reload_success =
      BuildGauge().Name("belfry_config_last_reload_success").Help("1 if the configuration read last is in use").Register(registry).Add({});
  prometheus::Counter& clock_steps =
      BuildCounter().Name("belfry_clock_steps_total").Help("Steps of the wall clock of a second or more").Register(registry).Add({});
  prometheus::Histogram& commit_seconds =
      BuildHistogram().Name("belfry_store_commit_seconds").Help("Duration of commits").Register(registry).Add({}, kCommitBuckets);
  prometheus::Histogram& commit_batch =
      BuildHistogram().Name("belfry_store_commit_batch").Help("Operations in a commit").Register(registry).Add({}, kBatchBuckets);
};

Metrics::Metrics(const std::string& version) : impl_(std::make_unique<Impl>()) {
  BuildGauge().Name("belfry_build_info").Help("1, labelled with the version").Register(impl_->registry).Add({{"version", version}}).Set(1);
  reloaded(true);  // the start has read the configuration
}

Metrics::~Metrics() = default;

void Metrics::init_series(const std::vector<std::string>& sources, const std::vector<std::string>& sinks) {
  for (const auto& source : sources)
    for (const auto* result : kResults) impl_->received.Add({{"source", source}, {"result", result}});
  for (const auto& sink : sinks) {
    for (const auto* end : kDeliveryOutcomes) impl_->deliveries.Add({{"sink", sink}, {"outcome", end}, {"reason", ""}});
    for (const auto* outcome : kAttemptOutcomes) impl_->attempts.Add({{"sink", sink}, {"outcome", outcome}, {"reason", ""}});
    for (const auto* kind : kViolations) impl_->violations.Add({{"sink", sink}, {"kind", kind}});
    impl_->dead_letters.Add({{"sink", sink}});
    impl_->duplicates.Add({{"sink", sink}});
    impl_->delivery_seconds.Add({{"sink", sink}}, kDeliveryBuckets);
    impl_->attempt_seconds.Add({{"sink", sink}}, kAttemptBuckets);
  }
}

void Metrics::dead_letter(std::string_view sink) { impl_->dead_letters.Add({{"sink", text_of(sink)}}).Increment(); }

void Metrics::received(std::string_view source, std::string_view result) {
  if (result == "refused") ++impl_->refusals;
  impl_->received.Add({{"source", text_of(source)}, {"result", text_of(result)}}).Increment();
}

void Metrics::attempt_ended(std::string_view sink, std::string_view outcome, std::string_view reason, base::Millis took) {
  impl_->attempts.Add({{"sink", text_of(sink)}, {"outcome", text_of(outcome)}, {"reason", impl_->reasons.bounded(sink, reason)}})
      .Increment();
  impl_->attempt_seconds.Add({{"sink", text_of(sink)}}, kAttemptBuckets).Observe(seconds(took));
}

void Metrics::delivery_ended(std::string_view sink, std::string_view outcome, std::string_view reason,
                             std::optional<base::Millis> since_receipt) {
  impl_->deliveries.Add({{"sink", text_of(sink)}, {"outcome", text_of(outcome)}, {"reason", impl_->reasons.bounded(sink, reason)}})
      .Increment();
  if (since_receipt) impl_->delivery_seconds.Add({{"sink", text_of(sink)}}, kDeliveryBuckets).Observe(seconds(*since_receipt));
}

void Metrics::possible_duplicate(std::string_view sink) { impl_->duplicates.Add({{"sink", text_of(sink)}}).Increment(); }

void Metrics::counter_add(std::string_view sink, std::string_view name, double by) {
  BuildCounter()
      .Name("belfry_plugin_" + impl_->counters.bounded(sink, name))
      .Help("Counted by the plugin")
      .Register(impl_->registry)
      .Add({{"sink", text_of(sink)}})
      .Increment(by);
}

void Metrics::gauge_set(std::string_view sink, std::string_view name, double value) {
  auto bounded = impl_->gauge_names.bounded(sink, name);
  if (bounded != name) return;  // several gauges under one name would overwrite each other
  const std::lock_guard lock(impl_->gauges_mutex);
  impl_->gauges[{std::move(bounded), text_of(sink)}] = value;
}

void Metrics::violation(std::string_view sink, std::string_view kind) {
  impl_->violations.Add({{"sink", text_of(sink)}, {"kind", text_of(kind)}}).Increment();
}

void Metrics::committed(base::Millis took, std::size_t operations) {
  impl_->commit_seconds.Observe(seconds(took));
  impl_->commit_batch.Observe(static_cast<double>(operations));
}

void Metrics::reloaded(bool success) { impl_->last_reload_success.Set(success ? 1 : 0); }

void Metrics::clock_stepped() { impl_->clock_steps.Increment(); }

void Metrics::connection_shed(std::string_view listener, std::string_view reason) {
  impl_->shed.Add({{"listener", text_of(listener)}, {"reason", text_of(reason)}}).Increment();
}

void Metrics::set_certificate_expiries(std::map<std::string, base::Timestamp> ends) {
  const std::lock_guard lock(impl_->gauges_mutex);
  impl_->certificates = std::move(ends);
}

void Metrics::http_answered(std::string_view listener, int code) {
  impl_->requests.Add({{"listener", text_of(listener)}, {"code", code == 0 ? "tls_handshake" : std::to_string(code)}}).Increment();
}

void Metrics::inbound(std::string_view sink, std::string_view result) {
  impl_->inbound.Add({{"sink", text_of(sink)}, {"result", text_of(result)}}).Increment();
}

std::uint64_t Metrics::refused_requests() const { return impl_->refusals; }

std::string Metrics::text(const store::Stats& stats, const std::vector<delivery::LaneStatus>& lanes, base::Timestamp now) {
  prometheus::Registry looked_up;
  add_queue(looked_up, stats, lanes, now);
  add_lanes(looked_up, lanes);
  {
    const std::lock_guard lock(impl_->gauges_mutex);
    add_plugin_gauges(looked_up, impl_->gauges, lanes);
    add_certificates(looked_up, impl_->certificates);
  }
  add_log(looked_up, base::LogWriter::dropped_by_process());
  add_process(looked_up);
  const prometheus::TextSerializer serializer;
  return serializer.Serialize(impl_->registry.Collect()) + serializer.Serialize(looked_up.Collect());
}

}  // namespace belfry::app
