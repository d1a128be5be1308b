#include "plugin/contract/inbound_route.hpp"

#include "plugin/contract/abi.hpp"
#include "plugin/contract/text.hpp"

namespace belfry::plugin {

base::Result<std::vector<InboundRoute>> inbound_routes_of(const std::string& file, const belfry_inbound_http& table, void* self) {
  if (table.routes == nullptr) return {};
  const Collector lines;
  table.routes(self, lines.writer());
  return parse_inbound_routes(file, lines.text());
}

base::Result<std::vector<InboundRoute>> parse_inbound_routes(const std::string& file, std::string_view lines) {
  std::vector<InboundRoute> routes;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    if (line.empty()) continue;
    const auto space = line.find(' ');
    if (space == std::string_view::npos || space == 0 || !line.substr(space + 1).starts_with('/')) {
      return base::fail(file + ": names the inbound route \"" + clean_text(line, 200) + "\", wanted \"METHOD /path\"");
    }
    InboundRoute route{std::string(line.substr(0, space)), std::string(line.substr(space + 1))};
    if (std::any_of(routes.begin(), routes.end(), [&](const auto& known) { return known.path == route.path; })) {
      return base::fail(file + ": names the inbound path \"" + clean_text(route.path, 200) + "\" twice, wanted one method for each path");
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace belfry::plugin
