// The host's half of the plugin contract: belfry_host, and the services that a plugin looks up by id. `ctx` is always the PluginInstance.
// No exception crosses into the plugin.
// Thread rule: any thread.
#pragma once
#include <belfry/plugin.h>

namespace belfry::plugin {

class PluginInstance;

[[nodiscard]] belfry_host host_table(PluginInstance& instance);

// The tables of the larger services.
extern const belfry_host_http_client kHttpClientService;
extern const belfry_host_websocket kWebSocketService;
extern const belfry_host_kv kKvService;
extern const belfry_host_rate_limit kRateLimitService;
extern const belfry_host_offload kOffloadService;
// The tables with functions that end host calls.
extern const belfry_host_inbound_http kInboundHttpService;
extern const belfry_host_reconcile kReconcileService;
extern const belfry_host_check_online kCheckOnlineService;

}  // namespace belfry::plugin
