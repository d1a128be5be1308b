// A path on which a sink accepts requests from outside. A value.
#pragma once
#include <belfry/plugin.h>

#include <string>
#include <vector>

#include "base/error.hpp"

namespace belfry::plugin {

inline constexpr std::size_t kMaxInboundBody = BELFRY_MAX_INBOUND_BODY_BYTES;

struct InboundRoute {
  std::string method;
  std::string path;

  bool operator==(const InboundRoute&) const = default;
};

// Queries a configured sink. Empty when its table lacks a required function. The error begins with `file`.
[[nodiscard]] base::Result<std::vector<InboundRoute>> inbound_routes_of(const std::string& file, const belfry_sink_inbound_http& table,
                                                                        void* self);

// Checks and copies the array that the plugin returned: at most BELFRY_MAX_INBOUND_ROUTES, each path once.
[[nodiscard]] base::Result<std::vector<InboundRoute>> read_inbound_routes(const std::string& file, const belfry_inbound_route* routes,
                                                                          std::uint32_t count);

}  // namespace belfry::plugin
