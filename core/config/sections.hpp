// One reader per top-level section. Each takes the section as written, fills what it can and reports the rest.
#pragma once
#include <vector>

#include "config/settings.hpp"
#include "config/value.hpp"

namespace belfry::config {

// False when what it says about TLS could not be read.
[[nodiscard]] bool read_server(const Value& written, ServerSettings& out);
void read_admin(const Value& written, AdminSettings& out);
void read_store(const Value& written, StoreSettings& out);
void read_plugins(const Value& written, PluginSettings& out);

// `server` is looked at for what the sources need of it: client certificates, unless what it says about TLS could not be read, and whether
// others than this machine can reach them.
void read_sources(const Value& written, const ServerSettings& server, bool tls_known, std::vector<SourceSettings>& out);

void read_sinks(const Value& written, std::vector<SinkSettings>& out);

// `sources` and `sinks` are those of the file, for the names that routes use.
void read_pipeline(const Value& written, const Value* sources, const Value* sinks, model::PipelineRules& out);

// What came out of reading everything.
[[nodiscard]] Loaded loaded(Settings settings, Report& report);

// What holds when the file does not say: the socket of default_admin_socket(), and an address for health checks and metrics.
[[nodiscard]] AdminSettings default_admin(const Environment& environment);
[[nodiscard]] std::vector<std::filesystem::path> default_plugin_directories(const Environment& environment);
// $STATE_DIRECTORY, else $XDG_STATE_HOME/belfry, else $HOME/.local/state/belfry; none when no variable says.
[[nodiscard]] std::optional<std::filesystem::path> default_store_path(const Environment& environment);

}  // namespace belfry::config
