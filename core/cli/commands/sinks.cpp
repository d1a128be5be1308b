#include <algorithm>
#include <iostream>

#include "cli/admin_client.hpp"
#include "cli/commands/commands.hpp"
#include "cli/document.hpp"
#include "cli/suggested_commands.hpp"
#include "cli/terminal.hpp"
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
  const auto fail = [&](const std::string& why) {
    std::cerr << "belfry sinks release: " << with_config(why, common.config) << "\n";
    return 1;
  };
  if (!is_sink_name(sink)) return fail("\"" + sink + "\" is not the name of a sink; belfry status lists them");
  // The gateway answers 404 if it has no such sink.
  const auto answer = call_gateway(gateway_addresses(common.config, loaded), {"/api/v1/sinks/" + sink + "/release", "POST"});
  if (!answer)
    return fail(answer.error().message + (answer.error().code == base::ErrorCode::not_found ? "; belfry status lists its sinks" : ""));
  // A sink that needs no release is no failure.
  const bool blocked = !flag_of(*answer, "released") && text_of(*answer, "effect") != "none";
  if (common.json) {
    std::cout << json_text(*answer);
  } else {
    const auto line = visible(sink + " was " + text_of(*answer, "was") + ": " + text_of(*answer, "detail"));
    if (blocked) return fail(line);
    std::cout << line << "\n";
  }
  return blocked ? 1 : 0;
}

}  // namespace belfry::cli
