#include <iostream>

#include "app/observe/status.hpp"
#include "cli/admin_client.hpp"
#include "cli/commands/commands.hpp"
#include "cli/print_diagnostics.hpp"
#include "config/load.hpp"

namespace belfry::cli {

namespace {

constexpr int kNeedsAttention = 1;

}  // namespace

int status_command(const CommonOptions& common) {
  const auto loaded = config::load_configuration(common.config);
  // The gateway keeps running with the configuration that it has read. Without a file, the variables are those of the service, not of this
  // command.
  if (!config::configuration_file(common.config).empty()) print_errors(loaded.problems);
  const auto document = call_gateway(gateway_addresses(common.config, loaded), {"/api/v1/status"});
  if (!document) {
    std::cerr << "belfry status: " << document.error().message << "\n";
    return 1;
  }
  if (common.json) {
    std::cout << document->dump(2) << "\n";
  } else {
    std::cout << app::status_text(*document);
  }
  return app::needs_attention(*document) ? kNeedsAttention : 0;
}

}  // namespace belfry::cli
