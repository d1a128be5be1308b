#include <iostream>

#include "app/admin_client.hpp"
#include "app/commands/commands.hpp"
#include "app/status.hpp"

namespace belfry::app {

int status_command(const CommonOptions& common) {
  const auto admin = where_to_ask(common);
  if (!admin) return 1;
  const auto document = ask_gateway(*admin, {"/api/v1/status"});
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
