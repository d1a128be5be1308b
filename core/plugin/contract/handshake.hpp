// Negotiates with a plugin file: checks that this host can use the plugin, and reads the sink types it offers. Pure, apart from calling the
// entry's own [scan] functions. Every refusal is one sentence with the file, the value found and the value wanted.
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
};

[[nodiscard]] base::Result<Handshake> negotiate(const std::string& file, const belfry_plugin_entry* entry);

// Checks the table that create() returned: every required function must be there. Returns a zero-filled copy.
[[nodiscard]] base::Result<belfry_instance> check_instance(const std::string& file, const belfry_instance* instance);

}  // namespace belfry::plugin
