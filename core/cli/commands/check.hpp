// `belfry check`. Returns the exit code.
#pragma once
#include "cli/commands/commands.hpp"

namespace belfry::cli {

// `file_only`: the configuration is for another machine, so checks of this one are skipped.
[[nodiscard]] int check_command(const CommonOptions& common, const CheckOptions& options, bool file_only);

}  // namespace belfry::cli
