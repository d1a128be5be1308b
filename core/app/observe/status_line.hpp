// The one-line summary of the gateway's health, for the service manager.
#pragma once
#include <string>

#include "app/observe/health_snapshot.hpp"

namespace belfry::app {

// Problems and their fixes, then the figures: "2 sinks open, 0 waiting".
[[nodiscard]] std::string status_line(const HealthSnapshot& snapshot);

}  // namespace belfry::app
