// The way in from a plugin: `ctx` becomes the instance, and what is thrown on our side (memory has run out) stays on our side.
#pragma once
#include <memory>
#include <type_traits>

#include "plugin/plugin_instance.hpp"

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
