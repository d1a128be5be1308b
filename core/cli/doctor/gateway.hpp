// Findings about the gateway as a whole: whether it responds, accepts notifications, or is running out of a resource. Pure.
#pragma once
#include <optional>
#include <string>

#include "base/error.hpp"
#include "cli/doctor/finding.hpp"

namespace belfry::cli::doctor {

struct GatewayFacts {
  base::Result<nlohmann::json> status = base::fail("");  // the status document of the admin API, or why there is none
  bool alive = false;                                    // answers /healthz; with an error in `status`, only that
  std::string metrics;                                   // the answer to /metrics; empty: none
  std::string log_level = {};                            // in use; empty: unknown
  bool debug_configured = false;                         // log.level
  bool has_unit = false;                                 // belfry.service is the unit of this gateway
  bool addresses_unknown = false;                        // the configuration, which has them, cannot be read by this user
  bool unit_active = false;                              // and systemd reports it as active
};

[[nodiscard]] Findings gateway_findings(const GatewayFacts& facts);

// The sum of all series of a metric in the Prometheus text format; none: there is no such series.
[[nodiscard]] std::optional<double> metric_value(std::string_view metrics, std::string_view name);

}  // namespace belfry::cli::doctor
