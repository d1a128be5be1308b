// A path on which a sink accepts requests from outside. A value.
#pragma once
#include <belfry/plugin.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace belfry::plugin {

struct InboundRoute {
  std::string method;
  std::string path;

  bool operator==(const InboundRoute&) const = default;
};

// Queries a configured instance. Empty when its table lacks a required function. The error begins with `file`.
[[nodiscard]] base::Result<std::vector<InboundRoute>> inbound_routes_of(const std::string& file, const belfry_inbound_http& table,
                                                                        void* self);

// Parses the "METHOD /path\n" lines that the plugin writes. Each path may occur once.
[[nodiscard]] base::Result<std::vector<InboundRoute>> parse_inbound_routes(const std::string& file, std::string_view lines);

}  // namespace belfry::plugin
