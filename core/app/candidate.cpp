#include "app/candidate.hpp"

#include <algorithm>

#include "app/configuration.hpp"
#include "app/transport.hpp"

namespace belfry::app {
namespace {

using config::Problem;
using Problems = std::vector<Problem>;

void add(Problems& problems, const config::Settings& settings, std::string text) {
  problems.push_back({Problem::Severity::error, settings.file, 0, 0, std::move(text)});
}

void check_store(const config::Settings& settings, const config::Settings& in_use, Problems& problems) {
  if (settings.store.path == in_use.store.path) return;
  add(problems, settings,
      "store.path is " + settings.store.path.string() + ", and " + in_use.store.path.string() +
          " is in use, with what waits in it; restart the gateway to change it");
}

SinkPlan check_sinks(const config::Settings& settings, const Incumbent& incumbent, base::Scrubber& scrubber, const base::Logger& log,
                     Problems& problems) {
  const plugin::InspectSettings inspect{incumbent.settings.store.path.parent_path(), {}};
  const auto catalogue = plugin::scan(settings.plugins.directories, inspect, log.named("plugin"));
  auto plan = plan_sinks(settings, catalogue, inspect, scrubber);
  problems.insert(problems.end(), plan.problems.begin(), plan.problems.end());
  if (has_error(plan.problems)) return plan;

  const auto missing = std::exchange(plan.missing, {});
  for (const auto& checked : plan.sinks) {
    if (checked.missing.empty() || incumbent.broken.contains(checked.name)) continue;
    const auto about = "sinks." + checked.name + ".";
    std::ranges::copy_if(missing, std::back_inserter(problems), [&](const auto& problem) { return problem.text.starts_with(about); });
  }
  return plan;
}

std::string port_of(const std::string& address) {
  return address.starts_with("unix:") ? std::string() : address.substr(address.rfind(':') + 1);
}

// Opens what the one in use has not open itself, on another interface perhaps: such a port is free as soon as that one has gone.
net::OpenDoors open_doors(const config::Settings& settings, const config::Settings& in_use, net::Runtime& runtime, const base::Logger& log,
                          Problems& problems) {
  auto held = in_use.admin.listen;
  held.push_back(in_use.server.listen);
  const auto is_held = [&](const std::string& address) {
    return std::ranges::any_of(held, [&](const auto& other) {
      return other == address || (!port_of(address).empty() && port_of(address) != "0" && port_of(other) == port_of(address));
    });
  };
  std::optional<net::ServerTls> tls;
  if (settings.server.tls) tls = net::ServerTls{settings.server.tls->certificate, settings.server.tls->key, settings.server.tls->client_ca};

  net::Router nowhere{net::RouteTable{}};
  net::HttpServer server(runtime, nowhere, {}, log);
  net::HttpServer only_tls(runtime, nowhere, {}, log);
  const auto try_to = [&](const char* key, net::HttpServer& with, const net::Listen& where) {
    if (const auto opened = with.listen(where); !opened) add(problems, settings, std::string(key) + ": " + opened.error().message);
  };
  if (!is_held(settings.server.listen)) {
    try_to("server.listen", server, {settings.server.listen, tls});
  } else if (tls) {
    try_to("server.tls", only_tls, {"127.0.0.1:0", tls});
  }
  for (const auto& address : settings.admin.listen) {
    if (!is_held(address)) try_to("admin.listen", server, {address, std::nullopt});
  }
  return server.leave_doors_open({});
}

}  // namespace

std::expected<Candidate, Problems> read_candidate(const CommonOptions& common, const Incumbent& incumbent, base::Scrubber& scrubber,
                                                  const base::Logger& log) {
  auto loaded = load_configuration(common, process_environment());
  auto problems = std::move(loaded.problems);
  if (!loaded.settings) return std::unexpected(std::move(problems));
  learn_secrets(*loaded.settings, scrubber);
  Candidate candidate{std::move(*loaded.settings), {}, {}};
  check_store(candidate.settings, incumbent.settings, problems);
  candidate.plan = check_sinks(candidate.settings, incumbent, scrubber, log, problems);
  std::ranges::copy(check_transports(candidate.settings), std::back_inserter(problems));
  net::Runtime runtime("reload", 1, log);
  candidate.doors = open_doors(candidate.settings, incumbent.settings, runtime, log.named("http"), problems);
  if (has_error(problems)) return std::unexpected(std::move(problems));
  for (const auto& problem : problems) log.warn(problem.line_text());
  return candidate;
}

}  // namespace belfry::app
