// What delivery reports about itself. The app counts it for /metrics; label values are those of docs/reference/metrics.md.
// Thread rule: any thread; must not block.
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
  // outcome: delivered, retry, rate_limited, rejected, misconfigured
  virtual void attempt_ended(std::string_view sink, std::string_view outcome, std::string_view reason, base::Millis took) = 0;
  // outcome: delivered, rejected, expired, discarded; since_receipt only with delivered
  virtual void delivery_ended(std::string_view sink, std::string_view outcome, std::string_view reason,
                              std::optional<base::Millis> since_receipt) = 0;
  virtual void possible_duplicate(std::string_view sink) = 0;
  // A delivery ended as one that waits for a person.
  virtual void dead_letter(std::string_view) {}
};

}  // namespace belfry::delivery
