#include "plugin/contract/inbound_route.hpp"

#include <algorithm>

#include "plugin/contract/abi.hpp"
#include "plugin/contract/http_args.hpp"
#include "plugin/contract/text.hpp"

namespace belfry::plugin {

base::Result<std::vector<InboundRoute>> inbound_routes_of(const std::string& file, const belfry_sink_inbound_http& table, void* self) {
  if (table.routes == nullptr) return {};
  const belfry_inbound_route* routes = nullptr;
  const std::uint32_t count = table.routes(self, &routes);
  return read_inbound_routes(file, routes, count);
}

base::Result<std::vector<InboundRoute>> read_inbound_routes(const std::string& file, const belfry_inbound_route* routes,
                                                            std::uint32_t count) {
  constexpr std::size_t kMaxShown = 200;
  const auto refuse = [&](const std::string& what) { return base::fail(base::ErrorCode::invalid, file + ": " + what); };
  if (count > BELFRY_MAX_INBOUND_ROUTES) {
    return refuse("names " + std::to_string(count) + " inbound routes, wanted at most " + std::to_string(BELFRY_MAX_INBOUND_ROUTES));
  }
  if (count != 0 && routes == nullptr) return refuse("counts " + std::to_string(count) + " inbound routes, but has no array of them");
  std::vector<InboundRoute> read;
  for (std::uint32_t i = 0; i < count; ++i) {
    InboundRoute route{std::string(view(routes[i].method)), std::string(view(routes[i].path))};
    if (!is_http_token(route.method) || !route.path.starts_with('/')) {
      return refuse("names the inbound route \"" + clean_text(route.method + " " + route.path, kMaxShown) + "\", wanted \"METHOD /path\"");
    }
    if (std::ranges::find(read, route.path, &InboundRoute::path) != read.end()) {
      return refuse("names the inbound path \"" + clean_text(route.path, kMaxShown) + "\" twice, wanted one method for each path");
    }
    read.push_back(std::move(route));
  }
  return read;
}

}  // namespace belfry::plugin
