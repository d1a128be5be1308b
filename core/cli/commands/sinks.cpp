#include <algorithm>
#include <iostream>

#include "cli/admin_client.hpp"
#include "cli/commands/commands.hpp"
#include "config/load.hpp"

namespace belfry::cli {
namespace {

// Matches the names that the configuration allows, which need no escaping in a path.
bool is_sink_name(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

int sinks_release_command(const CommonOptions& common, const std::string& sink) {
  const auto loaded = config::load_configuration(common.config);
  const auto fail = [](const std::string& why) {
    std::cerr << "belfry sinks release: " << why << "\n";
    return 1;
  };
  if (!is_sink_name(sink)) return fail("\"" + sink + "\" is not the name of a sink; belfry status lists them");
  // The gateway answers 404 if it has no such sink.
  const auto answer = call_gateway(gateway_addresses(common.config, loaded), {"/api/v1/sinks/" + sink + "/release", "POST"});
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

}  // namespace belfry::cli
