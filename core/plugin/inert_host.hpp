// The host that a plugin meets in a probe: every service is there and does nothing, so that create() and configure() find what they look
// for, and start() sends nothing. Whatever would be answered later gets no ticket, as while an instance is being destroyed; no secret is
// known.
// Thread rule: one probe in a process.
#pragma once
#include <belfry/plugin.h>

#include <atomic>
#include <string>

namespace belfry::plugin {

[[nodiscard]] const belfry_host* inert_host();

// What the plugin has made of it.
struct InertUse {
  std::string missing;                       // the first service asked for that no gateway of this release offers; empty: none
  std::atomic<bool> refused = false;         // a service was used that would have worked in the gateway
  std::atomic<belfry_ticket> completed = 0;  // the last ticket that was completed
};
[[nodiscard]] const InertUse& inert_use();

}  // namespace belfry::plugin
