// The entry of every call from a plugin. Converts `ctx` to the instance, and keeps exceptions (out of memory) from crossing into the
// plugin: the result is then value-initialized.
#pragma once
#include <memory>
#include <type_traits>

#include "plugin/run/plugin_instance.hpp"

namespace belfry::plugin {

template <class Body>
auto shielded(void* ctx, Body body) noexcept -> std::invoke_result_t<Body, PluginInstance&> {
  try {
    return body(*static_cast<PluginInstance*>(ctx));
  } catch (...) {
    return std::invoke_result_t<Body, PluginInstance&>();
  }
}

}  // namespace belfry::plugin
