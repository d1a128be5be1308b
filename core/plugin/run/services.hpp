// The host's half of the plugin contract: the services that a plugin looks up by id. `ctx` is always the PluginInstance. No exception
// crosses into the plugin.
// Thread rule: any thread.
#pragma once
#include <belfry/plugin.h>

namespace belfry::plugin {

// belfry_host.service and belfry_host.complete.
const void* find_service(void* ctx, belfry_str id) noexcept;
void complete_ticket(void* ctx, belfry_ticket ticket, const belfry_outcome* outcome) noexcept;

// The tables of the larger services.
extern const belfry_http_client kHttpClientService;
extern const belfry_websocket kWebSocketService;
extern const belfry_kv kKvService;
extern const belfry_rate_limit kRateLimitService;

}  // namespace belfry::plugin
