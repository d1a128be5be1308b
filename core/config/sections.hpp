// One reader per top-level section. Each reads what it can into `out` and reports the rest.
#pragma once
#include <vector>

#include "config/settings.hpp"
#include "config/value.hpp"

namespace belfry::config {

// The environment variable with the password that Coder sends, for a gateway without a configuration file. The shipped configuration
// refers to it as well.
inline constexpr const char* kWebhookPassword = "BELFRY_WEBHOOK_PASSWORD";

// Returns false when server.tls could not be read.
[[nodiscard]] bool read_server(const Value& written, ServerSettings& out);
void read_admin(const Value& written, AdminSettings& out);
void read_store(const Value& written, StoreSettings& out);
void read_plugins(const Value& written, PluginSettings& out);

// `server` is used to check that client certificates can be verified, and to warn about sources that the network can reach without
// credentials or TLS. `tls_known`: false when server.tls could not be read, which disables the checks that depend on it.
void read_sources(const Value& written, const ServerSettings& server, bool tls_known, std::vector<SourceSettings>& out);

void read_sinks(const Value& written, std::vector<SinkSettings>& out);

// `sources` and `sinks` are the sections with the names that rules use; null when they are missing.
void read_pipeline(const Value& written, const Value* sources, const Value* sinks, model::PipelineRules& out);

// Combines the settings with the problems reported while reading them.
[[nodiscard]] LoadResult make_load_result(Settings settings, Report& report);

// The defaults of `admin`: the socket of default_admin_socket(), and an address for health checks and metrics.
[[nodiscard]] AdminSettings default_admin(const Environment& environment);
[[nodiscard]] std::vector<std::filesystem::path> default_plugin_directories(const Environment& environment);
// belfry.db in $STATE_DIRECTORY, else in $XDG_STATE_HOME/belfry, else in $HOME/.local/state/belfry; none when no variable is set.
[[nodiscard]] std::optional<std::filesystem::path> default_store_path(const Environment& environment);

}  // namespace belfry::config
