// Checks the directory of the queue at startup, and creates the default one.
#pragma once
#include <filesystem>

#include "base/error.hpp"
#include "config/values/settings.hpp"

namespace belfry::app {

// Checks that the directory of the queue exists and is usable; creates the default one. The error includes the fix.
[[nodiscard]] base::Result<void> prepare_store_directory(const config::Settings& settings);

}  // namespace belfry::app
