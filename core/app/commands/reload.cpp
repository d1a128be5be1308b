#include <iostream>

#include "app/admin_client.hpp"
#include "app/commands/commands.hpp"
#include "app/configuration.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kLongest{180'000};  // the gateway gives up before

void print(const nlohmann::json& verdict) {
  for (const auto* kind : {"warnings", "errors"})
    for (const auto& line : verdict.value(kind, nlohmann::json::array())) std::cerr << line.get<std::string>() << "\n";
  if (verdict.value("success", false)) {
    std::cout << "the new configuration is in use\n";
  } else {
    std::cerr << "the new configuration is refused; the one of before is in use\n";
  }
}

}  // namespace

int reload_command(const CommonOptions& common) {
  // The gateway says what is wrong with the file; what can be read here is where to ask it.
  const auto loaded = load_configuration(common);
  const auto verdict = ask_gateway(gateway_addresses(common, loaded), {"/api/v1/reload", "POST", kLongest});
  if (!verdict) {
    if (!configuration_file(common).empty()) print_errors(loaded.problems);
    std::cerr
        << "belfry reload: " << verdict.error().message << "\n"
        << "After a change of admin.listen the gateway still listens where it was; it also reloads on SIGHUP: systemctl reload belfry\n";
    return 1;
  }
  if (common.json) {
    std::cout << verdict->dump(2) << "\n";
  } else {
    print(*verdict);
  }
  return verdict->value("success", false) ? 0 : 1;
}

}  // namespace belfry::app
