#include "cli/doctor/clock.hpp"

#include <sys/timex.h>

namespace belfry::cli::doctor {

ClockFacts clock_facts() {
  timex query{};  // modes 0: read only
  const int state = ::adjtimex(&query);
  if (state < 0) return {};
  return {state != TIME_ERROR && (query.status & STA_UNSYNC) == 0};
}

Findings clock_findings(const ClockFacts& facts) {
  if (facts.synchronized.value_or(true)) return {};
  Finding found{Severity::note, "clock", "the kernel reports that the clock is not synchronized (adjtimex: STA_UNSYNC)",
                "Enable time synchronization: the gateway refuses clicks in Slack while its clock is off by more than five minutes",
                "timedatectl set-ntp true"};
  return {with_cause(std::move(found), kClockCause)};
}

}  // namespace belfry::cli::doctor
