#include <iostream>

#include "app/admin_client.hpp"
#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "app/status.hpp"

namespace belfry::app {

int status_command(const CommonOptions& common) {
  const auto loaded = load_configuration(common);
  // The gateway may run with what the file said before; without a file there is nothing to go by.
  if (!loaded.settings) print_problems(loaded.problems);
  if (!loaded.settings && loaded.admin.listen.empty()) return 1;
  const auto document = ask_gateway(loaded.admin, {"/api/v1/status"});
  if (!document) {
    std::cerr << "belfry status: " << document.error().message << "\n";
    return 1;
  }
  if (common.json) {
    std::cout << document->dump(2) << "\n";
  } else {
    std::cout << status_text(*document);
  }
  return 0;
}

}  // namespace belfry::app
