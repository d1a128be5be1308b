// Findings about the clock of this machine. Pure.
#pragma once
#include <optional>

#include "cli/doctor/finding.hpp"

namespace belfry::cli::doctor {

struct ClockFacts {
  std::optional<bool> synchronized;  // as the kernel reports it (adjtimex(2)); none: it cannot be read here
};

[[nodiscard]] ClockFacts clock_facts();
[[nodiscard]] Findings clock_findings(const ClockFacts& facts);

}  // namespace belfry::cli::doctor
