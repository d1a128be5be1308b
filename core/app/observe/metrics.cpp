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

#include "app/observe/scraped_gauges.hpp"
#include "base/log_writer.hpp"
#include "net/server/http_server.hpp"

namespace belfry::app {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using Buckets = prometheus::Histogram::BucketBoundaries;

namespace {

double seconds(base::Millis millis) { return static_cast<double>(millis.count()) / 1000.0; }
std::string text_of(std::string_view view) { return std::string(view); }

const Buckets kDeliveryBuckets{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 86400};
const Buckets kAttemptBuckets{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
const Buckets kCommitBuckets{0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};
const Buckets kBatchBuckets{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};

// Label values, see docs/reference/metrics.md. These series have an empty `reason`, which Prometheus treats as absent.
constexpr const char* kResults[] = {"accepted", "duplicate", "invalid", "unauthorized", "refused"};
constexpr const char* kDeliveryOutcomes[] = {"delivered", "rejected", "expired", "discarded"};
constexpr const char* kAttemptOutcomes[] = {"delivered", "retry", "rate_limited", "rejected", "misconfigured"};
constexpr const char* kInboundResults[] = {"verified", "refused"};
constexpr const char* kListeners[] = {"server", "admin"};
constexpr const char* kActions[] = {"retry", "discard", "send", "release", "reload", "log_level", "backup"};
constexpr const char* kViolations[] = {"bad_argument", "bad_outcome", "bad_ticket",       "completed_late", "completed_twice",
                                       "hung",         "log_flood",   "slow_call",        "slow_scan",      "stop_timeout",
                                       "threw",        "too_early",   "too_many_requests"};

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
  CanaryFigures canary;                                 // guarded by gauges_mutex
  std::filesystem::path store_directory;
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& received =
      BuildCounter().Name("belfry_notifications_received_total").Help("Requests from sources, by result").Register(registry);
  prometheus::Family<prometheus::Gauge>& heard = BuildGauge()
                                                     .Name("belfry_source_last_heard_timestamp_seconds")
                                                     .Help("Receipt of the source's latest notification, Unix seconds")
                                                     .Register(registry);
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
  prometheus::Family<prometheus::Counter>& operator_actions =
      BuildCounter().Name("belfry_operator_actions_total").Help("Changes made by operators, by action").Register(registry);
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
  for (const auto* action : kActions) impl_->operator_actions.Add({{"action", action}});
  for (const auto* listener : kListeners) {
    for (std::size_t reason = 0; reason < net::kShedCount; ++reason)
      impl_->shed.Add({{"listener", listener}, {"reason", text_of(to_string(static_cast<net::Shed>(reason)))}});
  }
}

Metrics::~Metrics() = default;

void Metrics::init_series(const std::vector<std::string>& sources, const std::vector<std::string>& sinks) {
  for (const auto& source : sources)
    for (const auto* result : kResults) impl_->received.Add({{"source", source}, {"result", result}});
  for (const auto& sink : sinks) {
    for (const auto* end : kDeliveryOutcomes) impl_->deliveries.Add({{"sink", sink}, {"outcome", end}, {"reason", ""}});
    for (const auto* outcome : kAttemptOutcomes) impl_->attempts.Add({{"sink", sink}, {"outcome", outcome}, {"reason", ""}});
    for (const auto* result : kInboundResults) impl_->inbound.Add({{"sink", sink}, {"result", result}});
    for (const auto* kind : kViolations) impl_->violations.Add({{"sink", sink}, {"kind", kind}});
    impl_->dead_letters.Add({{"sink", sink}});
    impl_->duplicates.Add({{"sink", sink}});
    impl_->delivery_seconds.Add({{"sink", sink}}, kDeliveryBuckets);
    impl_->attempt_seconds.Add({{"sink", sink}}, kAttemptBuckets);
  }
}

void Metrics::set_store_directory(std::filesystem::path directory) { impl_->store_directory = std::move(directory); }

void Metrics::dead_letter(std::string_view sink) { impl_->dead_letters.Add({{"sink", text_of(sink)}}).Increment(); }

void Metrics::received(std::string_view source, std::string_view result) {
  if (result == "refused") ++impl_->refusals;
  impl_->received.Add({{"source", text_of(source)}, {"result", text_of(result)}}).Increment();
}

void Metrics::source_heard(std::string_view source, base::Timestamp at) {
  impl_->heard.Add({{"source", text_of(source)}}).Set(seconds(at.time_since_epoch()));
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

void Metrics::operator_action(std::string_view action) { impl_->operator_actions.Add({{"action", text_of(action)}}).Increment(); }

void Metrics::set_canary_interval(std::optional<base::Millis> every) {
  const std::lock_guard lock(impl_->gauges_mutex);
  impl_->canary.interval = every;
  if (!every) impl_->canary = {};
}

void Metrics::canary_delivered(base::Timestamp at, base::Millis took) {
  const std::lock_guard lock(impl_->gauges_mutex);
  impl_->canary.last_success = at;
  impl_->canary.took = took;
}

std::uint64_t Metrics::refused_requests() const { return impl_->refusals; }

std::string Metrics::text(const store::Stats& stats, const std::vector<delivery::LaneStatus>& lanes, base::Timestamp now) {
  ScrapedFigures figures{stats, lanes, now, impl_->store_directory, base::LogWriter::dropped_by_process()};
  {
    const std::lock_guard lock(impl_->gauges_mutex);
    figures.plugin_gauges = impl_->gauges;
    figures.certificates = impl_->certificates;
    figures.canary = impl_->canary;
  }
  prometheus::Registry looked_up;
  add_scraped_gauges(looked_up, figures);
  const prometheus::TextSerializer serializer;
  return serializer.Serialize(impl_->registry.Collect()) + serializer.Serialize(looked_up.Collect());
}

}  // namespace belfry::app
