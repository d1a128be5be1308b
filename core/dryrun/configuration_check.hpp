// Checks a configuration completely, without starting or delivering anything.
#pragma once
#include <vector>

#include "config/values/settings.hpp"

namespace belfry::dryrun {

// Whether to report required secrets without a value, and transport files that cannot be used. `serve` starts without them and parks the
// lane of their sink.
enum class ReportMissing { no, yes };
enum class CheckRemotes { no, yes };

// The problems of `loaded`, those that the plugins find, and with CheckRemotes::yes those that the remotes report. Sorted by file, line and
// column, without duplicates, secrets scrubbed. Blocks while plugins run in child processes.
[[nodiscard]] std::vector<config::Diagnostic> check_configuration(config::LoadResult loaded, ReportMissing missing = ReportMissing::yes,
                                                                  CheckRemotes remotes = CheckRemotes::no);

}  // namespace belfry::dryrun
