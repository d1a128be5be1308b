// The host that a plugin gets in a probe. Every service exists but does nothing, so that create() and configure() find the services they
// look up, and start() sends nothing. Calls that would be completed later return no ticket, as while an instance is being destroyed, and no
// secret is revealed.
// Thread rule: one probe in a process.
#pragma once
#include <belfry/plugin.h>

#include <atomic>
#include <string>

namespace belfry::plugin {

[[nodiscard]] const belfry_host* inert_host();

// How the plugin used the host.
struct InertUse {
  std::string missing;                       // the first requested service that no gateway of this release offers; empty: none
  std::atomic<bool> refused = false;         // a call failed that would have worked in the gateway
  std::atomic<belfry_ticket> completed = 0;  // the last ticket that was completed
};
[[nodiscard]] const InertUse& inert_use();

}  // namespace belfry::plugin
