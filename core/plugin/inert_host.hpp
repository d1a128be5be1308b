// The host that a plugin meets in a probe: every service is there and does nothing, so that create() and configure() find what they look
// for. Nothing ever comes back; no secret is known.
#pragma once
#include <belfry/plugin.h>

namespace belfry::plugin {

[[nodiscard]] const belfry_host* inert_host();

}  // namespace belfry::plugin
