// All metrics of the gateway, and their text exposition. Names and labels: docs/reference/metrics.md.
// Thread rule: any thread.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/metrics.hpp"
#include "plugin/contract/backends.hpp"
#include "store/store.hpp"

namespace belfry::app {

class Metrics final : public delivery::Metrics, public plugin::MetricsBackend {
 public:
  explicit Metrics(const std::string& version);
  ~Metrics() override;

  // Creates the series of these sources and sinks at 0, so that their first event counts as an increase, too.
  void init_series(const std::vector<std::string>& sources, const std::vector<std::string>& sinks);

  // The file system of this directory is the one of belfry_store_free_bytes. Call it before the first text().
  void set_store_directory(std::filesystem::path directory);

  void received(std::string_view source, std::string_view result) override;
  void source_heard(std::string_view source, base::Timestamp at) override;
  void attempt_ended(std::string_view sink, std::string_view outcome, std::string_view reason, base::Millis took) override;
  void delivery_ended(std::string_view sink, std::string_view outcome, std::string_view reason,
                      std::optional<base::Millis> since_receipt) override;
  void possible_duplicate(std::string_view sink) override;
  void dead_letter(std::string_view sink) override;

  void counter_add(std::string_view sink, std::string_view name, double by) override;
  void gauge_set(std::string_view sink, std::string_view name, double value) override;
  void violation(std::string_view sink, std::string_view kind) override;

  void committed(base::Millis took, std::size_t operations);

  void reloaded(bool success);

  // Counts a step of the wall clock.
  void clock_stepped();
  // `listener`: server or admin; `reason`: the name of a net::Shed.
  void connection_shed(std::string_view listener, std::string_view reason);

  // Expiry of each certificate file; replaces the previous set.
  void set_certificate_expiries(std::map<std::string, base::Timestamp> ends);

  // `listener`: server or admin; `code`: status of the response, 0 for a failed TLS handshake.
  void http_answered(std::string_view listener, int code);
  // An inbound request to a plugin; `result`: verified or refused.
  void inbound(std::string_view sink, std::string_view result);
  // An operator changed something; `action`: retry, discard, send, release, reload, log_level or backup.
  void operator_action(std::string_view action);

  // `every`: the interval of the canary; none: there is none, and it has no series.
  void set_canary_interval(std::optional<base::Millis> every);
  // A canary was delivered `took` after its receipt; `at` is wall-clock time.
  void canary_delivered(base::Timestamp at, base::Millis took);

  // Requests from sources refused since the start. An increase is a reason to check whether the store can be written.
  [[nodiscard]] std::uint64_t refused_requests() const;

  // Prometheus text format 0.0.4. The arguments supply the gauges that are looked up rather than counted.
  [[nodiscard]] std::string text(const store::Stats& stats, const std::vector<delivery::LaneStatus>& lanes, base::Timestamp now);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::app
