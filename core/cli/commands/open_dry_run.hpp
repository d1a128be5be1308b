// The first step of the commands that work without a gateway: explain, render, plan, config test.
#pragma once
#include <optional>
#include <string_view>

#include "cli/commands/commands.hpp"
#include "dryrun/dry_run.hpp"

namespace belfry::cli {

// Loads the configuration and opens it without a gateway. On failure, prints the findings and returns none. `command`: its name for
// messages, such as "explain".
[[nodiscard]] std::optional<dryrun::DryRun> open_dry_run(const CommonOptions& common, std::string_view command);

}  // namespace belfry::cli
