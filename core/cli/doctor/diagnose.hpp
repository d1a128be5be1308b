// Examines the running system for `belfry doctor`: gathers facts with the code of `check`, `status` and the start, in child processes that
// end after some seconds, and turns them into findings.
// Thread rule: call it while the process has one thread, since it forks. Blocks for less than 15 seconds.
#pragma once
#include <filesystem>

#include "cli/doctor/finding.hpp"

namespace belfry::cli::doctor {

// `file`: the value of --config. Changes nothing, and works without a gateway, without systemd and with an invalid configuration. A part
// that cannot be examined is a finding. The most urgent comes first.
[[nodiscard]] Findings diagnose(const std::filesystem::path& file);

}  // namespace belfry::cli::doctor
