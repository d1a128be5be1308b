// Entry points for calls from a plugin. They convert `ctx` to the instance, and keep exceptions (out of memory) from crossing into the
// plugin. shielded() is for the functions of belfry_host; served() is for those of a service, which are refused before start() and after
// the sink has stopped.
#pragma once
#include <memory>
#include <utility>

#include "plugin/run/plugin_instance.hpp"

namespace belfry::plugin {

template <class Body>
void shielded(void* ctx, Body body) noexcept {
  try {
    body(*static_cast<PluginInstance*>(ctx));
  } catch (...) {
  }
}

// `failure` is returned after an exception.
template <class Result, class Body>
[[nodiscard]] Result shielded(void* ctx, Result failure, Body body) noexcept {
  try {
    return body(*static_cast<PluginInstance*>(ctx));
  } catch (...) {
    return failure;
  }
}

template <class Body>
void served(void* ctx, const char* service, Body body) noexcept {
  shielded(ctx, [&](PluginInstance& instance) {
    if (instance.admits(service)) body(instance);
  });
}

// `failure` is returned if the call is refused, too.
template <class Result, class Body>
[[nodiscard]] Result served(void* ctx, const char* service, Result failure, Body body) noexcept {
  return shielded(ctx, failure, [&](PluginInstance& instance) -> Result { return instance.admits(service) ? body(instance) : failure; });
}

}  // namespace belfry::plugin
