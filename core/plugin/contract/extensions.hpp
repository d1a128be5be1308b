// The extensions of an instance: tables of functions beside its own, which a plugin may offer.
#pragma once
#include <belfry/plugin.h>

#include <string>

#include "base/error.hpp"

namespace belfry::plugin {

// One the plugin does not offer is all zero.
struct Extensions {
  belfry_sink_inbound_http inbound{};
  belfry_sink_reconcile reconcile{};
  belfry_sink_render render{};
  belfry_sink_check_online check_online{};
  belfry_sink_in_flight in_flight{};
};

// Requests each extension from the plugin. A table may be shorter or longer than the host's own: it has to reach its last required
// function, and members behind that are zero if the plugin was built before they were appended. The error names a table that is too short,
// or the required function that is null: calling such a plugin as if it had no extension would lose what it was installed for.
// Thread rule: on the strand of the instance; [control], after configure.
[[nodiscard]] base::Result<Extensions> read_extensions(const std::string& file, const belfry_sink_api& plugin, void* self);

}  // namespace belfry::plugin
