// Receives the events that delivery reports; the app counts them for /metrics. Label values: docs/reference/metrics.md.
// Thread rule: implementations are called from any thread and must not block.
#pragma once
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace belfry::delivery {

class Metrics {
 public:
  virtual ~Metrics() = default;
  // result: accepted, duplicate, invalid, unauthorized, refused
  virtual void received(std::string_view source, std::string_view result) = 0;
  // A notification of the source was accepted, or was a duplicate; `at` is wall-clock time.
  virtual void source_heard(std::string_view, base::Timestamp) {}
  // outcome: delivered, retry, rate_limited, rejected, misconfigured
  virtual void attempt_ended(std::string_view sink, std::string_view outcome, std::string_view reason, base::Millis took) = 0;
  // outcome: delivered, rejected, expired, discarded; since_receipt only with delivered
  virtual void delivery_ended(std::string_view sink, std::string_view outcome, std::string_view reason,
                              std::optional<base::Millis> since_receipt) = 0;
  virtual void possible_duplicate(std::string_view sink) = 0;
  // A delivery became a dead letter, which waits for an operator.
  virtual void dead_letter(std::string_view) {}
};

}  // namespace belfry::delivery
