// Checks a configuration completely, without starting or delivering anything.
#pragma once
#include <vector>

#include "config/values/settings.hpp"
#include "dryrun/check_online.hpp"
#include "plugin/inspect/probe.hpp"

namespace belfry::dryrun {

// Whether to report required secrets without a value, and transport files that cannot be used. `serve` starts without them and parks the
// lane of their sink.
enum class ReportMissing { no, yes };
enum class CheckRemotes { no, yes };

// How long the parts of a check may take.
struct CheckTimes {
  plugin::ProbeSettings plugins{};             // in child processes
  base::Millis remotes = kOnlineCheckTimeout;  // of each sink
};

// The problems of `loaded`, those that the plugins find, and with CheckRemotes::yes those that the remotes report. Sorted by file, line and
// column, without duplicates, secrets scrubbed. Blocks while plugins run in child processes.
[[nodiscard]] std::vector<config::Diagnostic> check_configuration(config::LoadResult loaded, ReportMissing missing = ReportMissing::yes,
                                                                  CheckRemotes remotes = CheckRemotes::no, const CheckTimes& times = {});

// The findings of the remotes alone, as check_configuration() adds them, for the sinks that have no error.
[[nodiscard]] std::vector<config::Diagnostic> check_remotes(const config::Settings& settings, const CheckTimes& times = {});

}  // namespace belfry::dryrun
