#include <csignal>
#include <iostream>

#include "app/admin_client.hpp"
#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "base/system_reason.hpp"

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

// For a gateway that listens where this user cannot ask it.
int signalled(pid_t process) {
  if (::kill(process, SIGHUP) != 0) {
    std::cerr << "belfry reload: process " << process << " cannot be signalled: " << base::system_reason() << "\n";
    return 1;
  }
  std::cerr << "SIGHUP was sent to process " << process << " instead; the verdict will be in its log and in `belfry status`\n";
  return 0;
}

}  // namespace

int reload_command(const CommonOptions& common, pid_t or_signal) {
  // The gateway says what is wrong with the file; what can be read here is where to ask it.
  const auto loaded = load_configuration(common);
  const auto verdict = ask_gateway(gateway_addresses(common, loaded), {"/api/v1/reload", "POST", kLongest});
  if (!verdict) {
    if (!configuration_file(common).empty()) print_errors(loaded.problems);
    std::cerr << "belfry reload: " << verdict.error().message << "\n";
    if (or_signal > 0) return signalled(or_signal);
    std::cerr
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
