// Findings about sinks and queues, from the status document of the admin API. Pure.
#pragma once
#include "base/clock.hpp"
#include "cli/doctor/finding.hpp"

namespace belfry::cli::doctor {

// A delivery that has been due for this long is late.
inline constexpr base::Millis kLate{600'000};

// `now`: wall clock. Members that are missing or of another type count as absent.
[[nodiscard]] Findings sink_findings(const nlohmann::json& status, base::Timestamp now);

}  // namespace belfry::cli::doctor
