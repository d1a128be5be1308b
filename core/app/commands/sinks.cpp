#include <algorithm>
#include <iostream>

#include "app/admin_client.hpp"
#include "app/commands/commands.hpp"
#include "app/configuration.hpp"

namespace belfry::app {
namespace {

// As the configuration allows them, so that the name can be part of a path as it is.
bool is_sink_name(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

int sinks_release_command(const CommonOptions& common, const std::string& sink) {
  const auto loaded = load_configuration(common);
  const auto fail = [](const std::string& why) {
    std::cerr << "belfry sinks release: " << why << "\n";
    return 1;
  };
  if (!is_sink_name(sink)) return fail("\"" + sink + "\" is not the name of a sink; belfry status lists them");
  // A gateway that does not have it answers 404.
  const auto answer = ask_gateway(gateway_addresses(common, loaded), {"/api/v1/sinks/" + sink + "/release", "POST"});
  if (!answer)
    return fail(answer.error().message + (answer.error().code == base::ErrorCode::not_found ? "; belfry status lists its sinks" : ""));
  const bool released = answer->value("released", false);
  if (common.json) {
    std::cout << answer->dump(2) << "\n";
  } else {
    const auto line = sink + " was " + answer->value("was", "") + ": " + answer->value("detail", "");
    if (!released) return fail(line);
    std::cout << line << "\n";
  }
  return released ? 0 : 1;
}

}  // namespace belfry::app
