#include <iostream>

#include "cli/commands/commands.hpp"
#include "cli/commands/open_dry_run.hpp"
#include "dryrun/dry_run.hpp"

namespace belfry::cli {
namespace {

base::Result<nlohmann::json> render(const dryrun::DryRun& configuration, const RenderOptions& options) {
  if (!configuration.has_sink(options.sink)) return base::fail("the configuration has no sink " + options.sink);
  const auto now = base::SystemClock().now();
  auto notification = configuration.read(options.payload, options.source, now);
  if (!notification) return std::unexpected(notification.error());
  return configuration.requests(options.sink, configuration.message(options.sink, std::move(*notification), now));
}

}  // namespace

int render_command(const CommonOptions& common, const RenderOptions& options) {
  const auto configuration = open_dry_run(common, "render");
  if (!configuration) return 1;
  const auto requests = render(*configuration, options);
  if (!requests) {
    std::cerr << "belfry render: " << requests.error().message << "\n";
    return 1;
  }
  std::cout << requests->dump(2) << "\n";
  return 0;
}

}  // namespace belfry::cli
