// Negotiation with a plugin file: is this a plugin that this host can use, and what does it offer? Pure but for the calls of the entry's
// own [scan] functions. Every refusal is one sentence with the file, the value found and the value wanted.
// Thread rule: any thread.
#pragma once
#include <belfry/plugin.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "plugin/plugin_type.hpp"

namespace belfry::plugin {

struct Handshake {
  belfry_plugin_entry entry{};  // zero-filled copy
  std::vector<PluginType> types;
};

[[nodiscard]] base::Result<Handshake> shake_hands(const std::string& file, const belfry_plugin_entry* entry);

// What create() gave: every required function must be there. A zero-filled copy.
[[nodiscard]] base::Result<belfry_instance> check_instance(const std::string& file, const belfry_instance* instance);

}  // namespace belfry::plugin
