#include <iostream>

#include "app/admin_client.hpp"
#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "app/status.hpp"

namespace belfry::app {

namespace {

constexpr int kPersonNeeded = 1;

}  // namespace

int status_command(const CommonOptions& common) {
  const auto loaded = load_configuration(common);
  // The gateway runs on with what it has read before. Without a file the variables are those of the service, not of this command.
  if (!configuration_file(common).empty()) print_errors(loaded.problems);
  const auto document = ask_gateway(gateway_addresses(common, loaded), {"/api/v1/status"});
  if (!document) {
    std::cerr << "belfry status: " << document.error().message << "\n";
    return 1;
  }
  if (common.json) {
    std::cout << document->dump(2) << "\n";
  } else {
    std::cout << status_text(*document);
  }
  return needs_person(*document) ? kPersonNeeded : 0;
}

}  // namespace belfry::app
