// The offer of this host to plugins: its name, its version, and the ids of its services.
// Thread rule: any thread; all functions are pure.
#pragma once
#include <belfry/plugin.h>

#include <optional>
#include <string_view>

namespace belfry::plugin {

enum class HostService {
  http_client,
  websocket,
  log,
  clock,
  metrics,
  kv,
  rate_limit,
  recipients,
  secrets,
  offload,
  inbound_http,
  reconcile,
  check_online,
};

// None: this host does not have the service.
[[nodiscard]] std::optional<HostService> host_service(std::string_view id);

// A table without `ctx` and functions: its size, the minor version of the ABI, the name of this program, and its version.
[[nodiscard]] belfry_host unconnected_host();

}  // namespace belfry::plugin
