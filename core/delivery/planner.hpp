// Turns a notification into what the store keeps: applies the processors, chooses the routes and computes when each delivery is due. The
// only place for these decisions, shared by the gateway and by the commands that predict them. Pure: the time is an argument.
// Thread rule: immutable, any thread. Ownership: copies share the compiled rules.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/time_zone.hpp"
#include "delivery/fallback_delivery.hpp"
#include "model/pipeline.hpp"
#include "policy/timing.hpp"
#include "render/message_template.hpp"
#include "route/processors.hpp"
#include "route/tree.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

class Planner {
 public:
  // ErrorCode::invalid: the message names the rule and its error.
  [[nodiscard]] static base::Result<Planner> compile(model::PipelineRules rules, const std::map<std::string, SinkTraits>& sinks);

  // `trace`, unless null, records the decision of each rule. `recipient_zone`: the recipient's time zone, if known. `wall_offset`: the wall
  // clock minus `now`, for computing hours of the day.
  [[nodiscard]] store::Acceptance plan(model::Notification notification, base::Timestamp now, route::Trace* trace = nullptr,
                                       const std::optional<base::TimeZone>& recipient_zone = std::nullopt,
                                       base::Millis wall_offset = {}) const;

  // Whether any route counts hours in the recipient's time zone; whether the route of this delivery does, if the zone is known.
  [[nodiscard]] bool uses_recipient_zones() const { return uses_recipient_zones_; }
  [[nodiscard]] bool uses_recipient_zone(const model::Delivery& delivery) const;

  // Describes when the route sends: "at most 5 within 1h"; empty if at once.
  [[nodiscard]] std::string describe_timing(const std::string& route) const;

  // Applies the current message template of the route that chose the delivery.
  void apply_template(model::Message& message) const;

 private:
  struct RouteZones {
    policy::Zones named;
    bool recipient_quiet_hours = false;
    bool recipient_digest = false;
  };

  void schedule(store::PlannedDelivery& planned, const model::Target& target, const std::optional<base::TimeZone>& recipient_zone,
                store::Acceptance& out, const model::Notification& notification) const;
  [[nodiscard]] policy::Zones zones_of(const model::Delivery& delivery, const std::optional<base::TimeZone>& recipient_zone) const;
  [[nodiscard]] base::Result<void> index_routes(const std::vector<model::RouteRule>& routes);

  route::Processors processors_;
  std::optional<route::Tree> tree_;
  std::map<std::string, base::Millis> max_age_;  // by sink
  std::map<std::string, RouteZones> zones_;      // by route; routes with timing only
  std::map<std::string, std::string> timings_;   // by route; the timing in words
  bool uses_recipient_zones_ = false;
  std::map<std::string, render::MessageTemplate> texts_;  // by route
};

}  // namespace belfry::delivery
