// Every metric of the gateway, and their text form. Names and labels: docs/reference/metrics.md.
// Thread rule: any thread.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/metrics.hpp"
#include "plugin/backends.hpp"
#include "store/store.hpp"

namespace belfry::app {

class Metrics final : public delivery::Metrics, public plugin::MetricsBackend {
 public:
  explicit Metrics(const std::string& version);
  ~Metrics() override;

  // These have their series from now on, at 0: what is counted first is an increase as well.
  void expect(const std::vector<std::string>& sources, const std::vector<std::string>& sinks);

  void received(std::string_view source, std::string_view result) override;
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

  // The wall clock was set.
  void clock_stepped();
  // `listener`: server or admin; `reason`: as net::Shed names it.
  void connection_shed(std::string_view listener, std::string_view reason);

  // When each certificate file ends, in place of what was known before.
  void certificates(std::map<std::string, base::Timestamp> ends);

  // `listener`: server or admin; `code`: of the answer, 0 for a TLS handshake that failed.
  void http_answered(std::string_view listener, int code);
  // `result`: verified or refused, of a request for a plugin.
  void inbound(std::string_view sink, std::string_view result);

  // How many requests of sources could not be taken, ever: a reason to see whether the store can be written.
  [[nodiscard]] std::uint64_t refusals() const;

  // Prometheus text format 0.0.4. The gauges that are looked up rather than counted come as arguments.
  [[nodiscard]] std::string text(const store::Stats& stats, const std::vector<delivery::LaneStatus>& lanes, base::Timestamp now);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::app
