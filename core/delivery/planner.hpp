// From a notification to what the store is asked to keep: processors, routes, and when each delivery is due. The one place where this is
// decided, for the gateway and for everyone who asks what it would do. Pure: the time is an argument.
// Thread rule: immutable, any thread. Copies share what was compiled.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/time_zone.hpp"
#include "delivery/fallback.hpp"
#include "model/pipeline.hpp"
#include "policy/timing.hpp"
#include "render/message_rule.hpp"
#include "route/processors.hpp"
#include "route/tree.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

class Planner {
 public:
  // ErrorCode::invalid names the rule and what is wrong with it.
  [[nodiscard]] static base::Result<Planner> compile(model::PipelineRules rules, const std::map<std::string, SinkPlan>& sinks);

  // `trace`, when given, records what each rule decided. `own`: the time zone of the recipient, if it is known. `wall_ahead`: what
  // the wall clock shows beyond `now`, which the hours of the day are worked out with.
  [[nodiscard]] store::Acceptance plan(model::Notification notification, base::Timestamp now, route::Trace* trace = nullptr,
                                       const std::optional<base::TimeZone>& own = std::nullopt, base::Millis wall_ahead = {}) const;

  // Whether any route counts hours in the time zone of the recipient; and whether those of this delivery are, when it is known.
  [[nodiscard]] bool wants_own_zones() const { return wants_own_zones_; }
  [[nodiscard]] bool wants_own_zone(const model::Delivery& delivery) const;

  // When that route sends, in words: "at most 5 within 1h"; empty: at once.
  [[nodiscard]] std::string timing_of(const std::string& route) const;

  // The words of the route that chose it, as the configuration has them now.
  void write(model::Message& message) const;

 private:
  struct RouteZones {
    policy::Zones named;
    bool own_quiet_hours = false;
    bool own_digest = false;
  };

  void time(store::PlannedDelivery& planned, const model::Target& target, const std::optional<base::TimeZone>& own, store::Acceptance& out,
            const model::Notification& notification) const;
  [[nodiscard]] policy::Zones zones_of(const model::Delivery& delivery, const std::optional<base::TimeZone>& own) const;
  [[nodiscard]] base::Result<void> learn(const std::vector<model::RouteRule>& routes);

  route::Processors processors_;
  std::optional<route::Tree> tree_;
  std::map<std::string, base::Millis> max_age_;  // of each sink
  std::map<std::string, RouteZones> zones_;      // of the routes that have any
  std::map<std::string, std::string> timings_;   // the same, in words
  bool wants_own_zones_ = false;
  std::map<std::string, render::MessageText> texts_;
};

}  // namespace belfry::delivery
