// `belfry check`. Returns the exit code.
#pragma once
#include "app/commands/commands.hpp"

namespace belfry::app {

// `file_only`: the configuration is for another machine, so that nothing of this one counts.
[[nodiscard]] int check_command(const CommonOptions& common, const CheckOptions& options, bool file_only);

}  // namespace belfry::app
