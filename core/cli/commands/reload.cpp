#include <csignal>
#include <iostream>

#include "base/errno_message.hpp"
#include "cli/admin_client.hpp"
#include "cli/commands/commands.hpp"
#include "cli/print_diagnostics.hpp"
#include "cli/suggested_commands.hpp"
#include "config/load.hpp"

namespace belfry::cli {
namespace {

constexpr base::Millis kReloadRequestTimeout{180'000};  // the gateway gives up earlier

void print(const nlohmann::json& verdict, const std::filesystem::path& config) {
  for (const auto* kind : {"warnings", "errors"})
    for (const auto& line : verdict.value(kind, nlohmann::json::array())) std::cerr << with_config(line.get<std::string>(), config) << "\n";
  if (verdict.value("success", false)) {
    std::cout << "the new configuration is in use\n";
  } else {
    std::cerr << "the new configuration was refused; the previous one is still in use\n";
  }
}

// For a gateway that this user cannot reach.
int send_sighup(pid_t process, const std::filesystem::path& config) {
  if (::kill(process, SIGHUP) != 0) {
    std::cerr << "belfry reload: process " << process << " cannot be signalled: " << base::errno_message() << "\n";
    return 1;
  }
  std::cerr << "SIGHUP was sent to process " << process << " instead; the result will be in its log and in `"
            << with_config("belfry status", config) << "`\n";
  return 0;
}

}  // namespace

int reload_command(const CommonOptions& common, pid_t or_signal) {
  // The gateway reports errors in the file; here it only supplies the addresses.
  const auto loaded = config::load_configuration(common.config);
  const auto verdict = call_gateway(gateway_addresses(common.config, loaded), {"/api/v1/reload", "POST", kReloadRequestTimeout});
  if (!verdict) {
    if (!config::configuration_file(common.config).empty()) print_errors(loaded.problems);
    std::cerr << "belfry reload: " << verdict.error().message << "\n";
    if (or_signal > 0) return send_sighup(or_signal, common.config);
    std::cerr << "After a change of admin.listen the gateway still listens on the old address; it also reloads on SIGHUP: systemctl reload "
                 "belfry\n";
    return 1;
  }
  if (common.json) {
    std::cout << verdict->dump(2) << "\n";
  } else {
    print(*verdict, common.config);
  }
  return verdict->value("success", false) ? 0 : 1;
}

}  // namespace belfry::cli
