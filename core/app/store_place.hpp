// Where the queue is kept, and opening it there.
#pragma once
#include <filesystem>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace belfry::app {

// The directory of the queue is there and can be used. The error says what to do.
[[nodiscard]] base::Result<void> prepare_store_directory(const config::Settings& settings);

}  // namespace belfry::app
