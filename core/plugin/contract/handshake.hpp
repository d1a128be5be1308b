// Negotiates with a plugin file: checks that this host can use the plugin, and reads the sink types it offers. Pure, apart from calling the
// entry's own [scan] functions. A file that breaks the contract is refused with one sentence: the file, the value found and the value
// wanted. A type that needs something that this host lacks is refused by itself; so is the file, once no type is left.
// Thread rule: any thread.
#pragma once
#include <belfry/plugin.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "plugin/contract/plugin_type.hpp"

namespace belfry::plugin {

struct Handshake {
  belfry_plugin_entry entry{};  // zero-filled copy
  std::vector<PluginType> types;
  std::vector<RefusedType> refused;
};

[[nodiscard]] base::Result<Handshake> negotiate(const std::string& file, const belfry_plugin_entry* entry);

// Checks the table that create() returned: every required function must be there. Returns a zero-filled copy.
[[nodiscard]] base::Result<belfry_sink_api> check_sink_api(const std::string& file, const belfry_sink_api* api);

}  // namespace belfry::plugin
