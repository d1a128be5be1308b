// The host that a plugin gets in a probe. Every service exists but does nothing, so that create() and configure() find the services they
// look up, and start() sends nothing. Requests get no ticket, as after the sink has stopped, and no secret is revealed.
// Thread rule: one probe in a process; the plugin may call it on any thread.
#pragma once
#include <belfry/plugin.h>

#include <atomic>
#include <string>

namespace belfry::plugin {

[[nodiscard]] const belfry_host* inert_host();

// Called before start(): services may be used from here on.
void allow_services();

// How the plugin used the host.
struct InertUse {
  std::string missing;                           // the first requested service that no gateway of this release offers; empty: none
  std::atomic<const char*> too_early = nullptr;  // the first service that was used before start(); a literal; null: none
  std::atomic<bool> refused = false;             // a call failed that would have worked in the gateway
  std::atomic<belfry_ticket> stopped = 0;        // the last ticket that was passed to belfry_host.stopped
};
[[nodiscard]] const InertUse& inert_use();

}  // namespace belfry::plugin
