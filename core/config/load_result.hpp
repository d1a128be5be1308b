// The last step of every way to load a configuration.
#pragma once
#include "config/document/report.hpp"
#include "config/values/settings.hpp"

namespace belfry::config {

// Combines the settings with the problems reported while reading them.
[[nodiscard]] LoadResult make_load_result(Settings settings, Report& report);

}  // namespace belfry::config
