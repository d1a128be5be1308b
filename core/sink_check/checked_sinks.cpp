#include "sink_check/checked_sinks.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/document/references.hpp"
#include "config/values/diagnostic.hpp"
#include "plugin/inspect/config_check.hpp"
#include "plugin/inspect/library.hpp"
#include "route/tree.hpp"

namespace belfry::sink_check {
namespace {

using config::Diagnostic;

// The nearest known location for a pointer: its own, or else that of its closest parent, or else that of the sink.
config::Location position_of(const config::SinkSettings& sink, std::string pointer) {
  for (;;) {
    if (const auto found = sink.locations.find(pointer); found != sink.locations.end()) return found->second;
    if (pointer.empty()) return {};
    pointer.resize(pointer.rfind('/'));
  }
}

// "sinks.slack.config.interactivity.path"
std::string config_path(const config::SinkSettings& sink, const std::string& pointer) {
  auto name = "sinks." + sink.name;
  if (pointer.empty()) return name;
  name += ".config" + pointer;
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

Diagnostic::Severity severity_of(plugin::Finding::Severity severity) {
  switch (severity) {
    case plugin::Finding::Severity::error: return Diagnostic::Severity::error;
    case plugin::Finding::Severity::warning: return Diagnostic::Severity::warning;
    case plugin::Finding::Severity::note: return Diagnostic::Severity::note;
  }
  return Diagnostic::Severity::error;
}

// "FILE:LINE:COLUMN" of the route.
config::Location position_of_route(const model::RouteRule& route) {
  const auto column = route.location.rfind(':');
  const auto line = column == std::string::npos || column == 0 ? std::string::npos : route.location.rfind(':', column - 1);
  if (line == std::string::npos) return {route.location, 0, 0};
  return {route.location.substr(0, line), std::stoi(route.location.substr(line + 1)), std::stoi(route.location.substr(column + 1))};
}

}  // namespace

Diagnostic to_config_problem(const config::Settings& settings, const config::SinkSettings& sink, const plugin::Finding& problem) {
  const auto at = position_of(sink, problem.pointer);
  return {severity_of(problem.severity), at.file.empty() ? settings.file : at.file, at.line, at.column,
          config_path(sink, problem.pointer) + ": " + problem.text};
}

Diagnostic to_route_problem(const model::RouteRule& route, const config::SinkSettings& sink, const plugin::Finding& problem) {
  const auto at = position_of_route(route);
  return {severity_of(problem.severity), at.file, at.line, at.column,
          "route " + route.name + " to " + sink.name + problem.pointer + ": " + problem.text};
}

namespace {

bool check_overrides(const config::Settings& settings, const model::RouteRule& route, const plugin::Catalogue& catalogue,
                     CheckedSinks& plan) {
  bool good = true;
  for (const auto& target : route.to) {
    const auto sink = std::find_if(settings.sinks.begin(), settings.sinks.end(), [&](const auto& s) { return s.name == target.sink; });
    if (sink == settings.sinks.end()) continue;  // reported by the loader
    const auto found = catalogue.find(sink->plugin);
    if (found.type == nullptr) continue;
    for (const auto& problem : plugin::check_overrides(*found.type, target.overrides)) {
      plan.problems.push_back(to_route_problem(route, *sink, problem));
      good = false;
    }
  }
  return good;
}

// Checks each route separately, so that one error does not hide another. The loader has already reported the parts missing from a draft.
void check_routes(const std::vector<model::RouteRule>& routes, const config::Settings& settings, const plugin::Catalogue& catalogue,
                  CheckedSinks& plan) {
  for (auto route : routes) {
    check_routes(std::exchange(route.routes, {}), settings, catalogue, plan);
    if (!check_overrides(settings, route, catalogue, plan) || route.to.empty()) continue;
    auto addressing = plan.addressing;
    for (const auto& target : route.to) addressing.try_emplace(target.sink);
    for (const auto& sink : route.fallback) addressing.try_emplace(sink);
    const auto compiled = route::Tree::compile({route}, std::move(addressing));
    if (compiled) continue;
    const auto at = position_of_route(route);
    auto text = compiled.error().message;
    if (text.starts_with(route.location + ": ")) text.erase(0, route.location.size() + 2);
    plan.problems.push_back({Diagnostic::Severity::error, at.file, at.line, at.column, std::move(text)});
  }
}

// A path on which a source or a sink receives requests.
struct Claim {
  std::string path;
  std::string owner;  // "sinks.slack"
  std::string where;  // "sinks.slack.config.interactivity.path"
  config::Location at;
  bool by_source = false;
};

// A plugin reports its paths, but not where they are configured: looks for the configuration value that equals the path.
std::string pointer_of(const nlohmann::json& config, const std::string& path) {
  const auto flat = config.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    if (value == path) return pointer;
  }
  return "";
}

std::vector<Claim> claims_of(const config::Settings& settings, const std::vector<plugin::CheckedSink>& sinks) {
  std::vector<Claim> claims;
  for (const auto& source : settings.sources) {
    if (source.path.empty()) continue;
    claims.push_back({source.path, "sources." + source.name, "sources." + source.name + ".path", source.path_location, true});
  }
  for (const auto& checked : sinks) {
    const auto& sink = *std::find_if(settings.sinks.begin(), settings.sinks.end(), [&](const auto& s) { return s.name == checked.name; });
    for (const auto& route : checked.inbound) {
      const auto pointer = pointer_of(checked.config, route.path);
      claims.push_back({route.path, "sinks." + sink.name, config_path(sink, pointer), position_of(sink, pointer)});
    }
  }
  return claims;
}

void check_paths(const config::Settings& settings, CheckedSinks& plan) {
  auto claims = claims_of(settings, plan.sinks);
  std::stable_sort(claims.begin(), claims.end(),
                   [](const Claim& a, const Claim& b) { return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column); });
  std::map<std::string, const Claim*> taken;
  for (const auto& claim : claims) {
    const auto [first, fresh] = taken.emplace(claim.path, &claim);
    if (fresh || (claim.by_source && first->second->by_source)) continue;  // the loader reports two sources
    plan.problems.push_back(
        {Diagnostic::Severity::error, claim.at.file.empty() ? settings.file : claim.at.file, claim.at.line, claim.at.column,
         claim.where + ": requests at " + claim.path + " go to " + first->second->owner + " already; give one of the two another path"});
  }
}

// Allows bursts of a tenth of the rate, at least one, since the limits of remotes tolerate short bursts.
policy::RateLimit rate_of(const std::optional<config::Rate>& configured, const policy::RateLimit& otherwise) {
  if (!configured) return otherwise;
  return {configured->events, configured->period, std::max<std::uint32_t>(1, configured->events / 10)};
}

// Sinks with the same account share one budget, which can have only one rate.
void check_rates(const config::Settings& settings, CheckedSinks& plan) {
  const auto settings_of = [&](const std::string& name) {
    return std::find_if(settings.sinks.begin(), settings.sinks.end(), [&](const auto& sink) { return sink.name == name; });
  };
  std::map<std::string, const plugin::CheckedSink*> first_with;
  for (const auto& checked : plan.sinks) {
    const auto [first, fresh] = first_with.emplace(checked.secrets->owner(checked.account, checked.name), &checked);
    const auto& sink = *settings_of(checked.name);
    if (fresh || rates_of(sink.delivery) == rates_of(settings_of(first->second->name)->delivery)) continue;
    const auto key = checked.account.substr(checked.account.rfind('/') + 1);
    const auto at = position_of(sink, "");
    plan.problems.push_back({Diagnostic::Severity::error, at.file.empty() ? settings.file : at.file, at.line, at.column,
                             "sinks." + sink.name + ".delivery: rate and rate_per_recipient differ from those of sinks." +
                                 first->second->name + ", which has the same " + key +
                                 "; the remote counts both together: set the same rates in both"});
  }
}

plugin::References references_of(const config::SinkSettings& sink) {
  plugin::References references{.unresolved = sink.unresolved,
                                .exposed = sink.exposed,
                                .left_out = sink.left_out,
                                .broken = sink.broken,
                                .incomplete = sink.incomplete};
  std::map<std::string, std::string> said;  // by file
  for (const auto& pointer : sink.plain) {
    const auto& file = position_of(sink, pointer).file;
    const auto [what, fresh] = said.try_emplace(file);
    if (fresh) what->second = config::inline_secret_warning(file);
    if (!what->second.empty()) references.plain[pointer] = what->second;
  }
  for (const auto& [pointer, file] : sink.files) references.files[pointer] = {file.path, [file] { return config::reread(file); }};
  return references;
}

// A directory that cannot be listed may contain the plugin that is meant, ahead of one of the same type elsewhere.
void check_directories(const config::Settings& settings, CheckedSinks& plan) {
  for (const auto& directory : settings.plugins.directories) {
    const auto listed = plugin::list_plugins(directory);
    if (listed || listed.error().code != base::ErrorCode::unavailable) continue;
    plan.problems.push_back({Diagnostic::Severity::error, settings.file, 0, 0,
                             "plugins.directories: " + listed.error().message + "; let the user of the gateway read it, or leave it out"});
  }
}

// Whether the plugin is undetermined: the sink could not be read, or the plugin may be in a directory that could not.
bool is_unknown(const config::Settings& settings, const config::SinkSettings& sink, const plugin::Catalogue& catalogue) {
  return sink.plugin.empty() || (!settings.plugins.complete && catalogue.find(sink.plugin).type == nullptr);
}

}  // namespace

std::map<std::string, delivery::SinkTraits> sink_traits(const config::Settings& settings,
                                                        const std::map<std::string, model::SinkAddressing>& addressing) {
  std::map<std::string, delivery::SinkTraits> out;
  for (const auto& sink : settings.sinks) {
    const auto found = addressing.find(sink.name);
    out[sink.name] = {found == addressing.end() ? model::SinkAddressing() : found->second, sink.delivery.max_age};
  }
  return out;
}

policy::SendRates rates_of(const config::DeliverySettings& delivery) {
  constexpr policy::RateLimit kDefaultRate{300, std::chrono::minutes(1), 60};
  constexpr policy::RateLimit kDefaultRecipientRate{1, std::chrono::seconds(1), 3};
  return {rate_of(delivery.rate, kDefaultRate), rate_of(delivery.rate_per_recipient, kDefaultRecipientRate)};
}

plugin::WantedTypes wanted_types(const config::Settings& settings) {
  plugin::WantedTypes types;
  for (const auto& sink : settings.sinks) types.push_back(sink.plugin);
  return types;
}

CheckedSinks check_sinks(const config::Settings& settings, const plugin::Catalogue& catalogue, const plugin::InspectSettings& inspect,
                         base::Scrubber& scrubber) {
  std::vector<plugin::SinkRequest> requests;
  std::vector<const config::SinkSettings*> of;
  CheckedSinks plan;
  check_directories(settings, plan);
  for (const auto& sink : settings.sinks) {
    plan.addressing[sink.name] = {};
    if (is_unknown(settings, sink, catalogue)) continue;
    requests.push_back({sink.name, sink.plugin, sink.config, references_of(sink)});
    of.push_back(&sink);
  }
  auto checks = plugin::check_sinks(catalogue, std::move(requests), inspect, scrubber);

  for (std::size_t i = 0; i < checks.size(); ++i) {
    const auto& sink = *of[i];
    for (const auto& problem : checks[i].problems) plan.problems.push_back(to_config_problem(settings, sink, problem));
    for (const auto& problem : checks[i].missing) plan.missing.push_back(to_config_problem(settings, sink, problem));
    for (const auto& problem : checks[i].cannot_run) plan.missing.push_back(to_config_problem(settings, sink, problem));
    if (!checks[i].sink) continue;
    plan.addressing[sink.name] = {checks[i].sink->destination_key, checks[i].sink->fixed_destination};
    plan.sinks.push_back(std::move(*checks[i].sink));
  }
  check_routes(settings.pipeline.routes, settings, catalogue, plan);
  check_paths(settings, plan);
  check_rates(settings, plan);
  if (config::has_error(plan.problems)) plan.problems.insert(plan.problems.end(), plan.missing.begin(), plan.missing.end());
  config::sort_by_location(plan.problems);
  return plan;
}

}  // namespace belfry::sink_check
