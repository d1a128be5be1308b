// Defaults that depend on the environment.
#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "config/values/settings.hpp"

namespace belfry::config {

// The default socket between the gateway and its commands, determined without the file: admin.sock in $RUNTIME_DIRECTORY, in
// $XDG_RUNTIME_DIR/belfry, or in the default directory of the queue. None when no variable is set.
[[nodiscard]] std::optional<std::filesystem::path> default_admin_socket(const Environment& environment);

// The defaults of `admin`: the socket of default_admin_socket(), and an address for health checks and metrics.
[[nodiscard]] AdminSettings default_admin(const Environment& environment);
[[nodiscard]] std::vector<std::filesystem::path> default_plugin_directories(const Environment& environment);
// belfry.db in $STATE_DIRECTORY, else in $XDG_STATE_HOME/belfry, else in $HOME/.local/state/belfry; none when no variable is set.
[[nodiscard]] std::optional<std::filesystem::path> default_store_path(const Environment& environment);

}  // namespace belfry::config
