// One reader per top-level section. Each reads what it can into `out` and reports the rest.
#pragma once
#include <vector>

#include "config/document/value.hpp"
#include "config/values/settings.hpp"

namespace belfry::config {

// The environment variable with the password that Coder sends, for a gateway without a configuration file. The shipped configuration
// refers to it as well.
inline constexpr const char* kWebhookPassword = "BELFRY_WEBHOOK_PASSWORD";

// Returns false when server.tls could not be read.
[[nodiscard]] bool read_server(const Value& written, ServerSettings& out);
void read_admin(const Value& written, AdminSettings& out);
void read_log(const Value& written, LogSettings& out);
void read_store(const Value& written, StoreSettings& out);
void read_plugins(const Value& written, PluginSettings& out);

// `server` is used to check that client certificates can be verified, and to warn about sources that the network can reach without
// credentials or TLS. `tls_known`: false when server.tls could not be read, which disables the checks that depend on it.
void read_sources(const Value& written, const ServerSettings& server, bool tls_known, std::vector<SourceSettings>& out);

void read_sinks(const Value& written, std::vector<SinkSettings>& out);

// `sources`: as read, none of which may have the canary's name.
void read_canary(const Value& written, const std::vector<SourceSettings>& sources, std::optional<CanarySettings>& out);

// `sources` and `sinks` are the sections with the names that rules use; null when they are missing. `canary`: there is one, whose source
// rules may name as well.
void read_pipeline(const Value& written, const Value* sources, const Value* sinks, bool canary, model::PipelineRules& out);

}  // namespace belfry::config
