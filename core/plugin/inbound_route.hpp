// A path at which a sink takes requests from outside.
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

// Asks a configured instance; none when its table is not whole. The error begins with `file`.
[[nodiscard]] base::Result<std::vector<InboundRoute>> inbound_routes_of(const std::string& file, const belfry_inbound_http& table,
                                                                        void* self);

// The "METHOD /path\n" lines that it writes.
[[nodiscard]] base::Result<std::vector<InboundRoute>> parse_inbound_routes(const std::string& file, std::string_view lines);

}  // namespace belfry::plugin
