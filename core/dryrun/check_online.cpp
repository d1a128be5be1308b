#include "dryrun/check_online.hpp"

#include <algorithm>
#include <future>
#include <map>
#include <set>

#include "dryrun/command_host.hpp"
#include "sink_check/transport.hpp"

namespace belfry::dryrun {
namespace {

constexpr base::Millis kStopTimeout{2'000};

// Durable writes fail: a token that was renewed here would be lost to the gateway.
class ReadOnlyBackends final : public VolatileBackends {
 public:
  void put(std::string, std::string, std::string, std::optional<std::uint64_t>, Handler<std::uint64_t> handler) override {
    handler(base::fail("nothing is stored during a check"));
  }
};

// The check of one sink, from opening it to the answer.
struct PendingCheck {
  const config::SinkSettings& sink;
  const model::RouteRule* route = nullptr;  // whose destination replaces that of the sink; null: the sink as configured
  std::shared_ptr<plugin::Instance> instance = nullptr;
  std::promise<std::vector<plugin::Finding>> answer{};
};

using Destinations = std::map<std::string, const model::RouteRule*>;

// The shared destinations of routes to a sink, each with the first route that has it.
void collect_destinations(const std::vector<model::RouteRule>& routes, const plugin::CheckedSink& sink, Destinations& found) {
  if (sink.destination_key.empty()) return;
  for (const auto& route : routes) {
    for (const auto& target : route.to) {
      if (target.sink != sink.name || !target.overrides.contains(sink.destination_key)) continue;
      const auto& destination = target.overrides[sink.destination_key];
      if (destination.is_string() && destination != "" && destination != sink.fixed_destination)
        found.try_emplace(destination.get<std::string>(), &route);
    }
    collect_destinations(route.routes, sink, found);
  }
}

plugin::CheckedSink with_destination(plugin::CheckedSink sink, const std::string& destination) {
  sink.config[sink.destination_key] = destination;
  sink.fixed_destination = destination;
  return sink;
}

// Leaves out findings about the destination of a route that the sink has as configured, or with another one.
void add_findings(const config::Settings& settings, const PendingCheck& check, const std::vector<plugin::Finding>& found,
                  std::set<std::string>& known, std::vector<config::Diagnostic>& problems) {
  for (const auto& finding : found) {
    const bool fresh = known.insert(check.sink.name + finding.pointer + " " + finding.text).second;
    if (check.route == nullptr) {
      problems.push_back(sink_check::to_config_problem(settings, check.sink, finding));
    } else if (fresh) {
      problems.push_back(sink_check::to_route_problem(*check.route, check.sink, finding));
    }
  }
}

base::Result<std::shared_ptr<plugin::Instance>> open(const config::SinkSettings& sink, const plugin::CheckedSink& checked,
                                                     plugin::Host& host, net::Runtime& runtime) {
  auto http = net::make_http_client(runtime, sink_check::transport_of(sink));
  if (!http) return std::unexpected(base::with_context("http", std::move(http.error())));
  return host.open_for_check(checked, std::move(*http), std::make_shared<NoWebSockets>(runtime));
}

void begin_check(PendingCheck& pending, base::Result<std::shared_ptr<plugin::Instance>> opened, base::Millis timeout) {
  const auto answer = [&](plugin::Finding::Severity severity, std::string text) {
    pending.answer.set_value({{severity, "", std::move(text)}});
  };
  if (!opened) return answer(plugin::Finding::Severity::error, std::move(opened.error().message));
  pending.instance = std::move(*opened);
  if (!pending.instance->can_check_online()) {
    return answer(plugin::Finding::Severity::note, "plugin " + pending.sink.plugin + " has no online check");
  }
  pending.instance->check_online(timeout, [&](std::vector<plugin::Finding> found) { pending.answer.set_value(std::move(found)); });
}

}  // namespace

std::vector<config::Diagnostic> check_online(const config::Settings& settings, const sink_check::CheckedSinks& plan,
                                             const std::shared_ptr<base::Scrubber>& scrubber, base::Millis timeout) {
  CommandHost<ReadOnlyBackends> plugins(scrubber);

  std::vector<std::unique_ptr<PendingCheck>> all;
  for (const auto& checked : plan.sinks) {
    if (!checked.missing.empty()) continue;
    const auto& sink = *std::find_if(settings.sinks.begin(), settings.sinks.end(), [&](const auto& s) { return s.name == checked.name; });
    all.push_back(std::make_unique<PendingCheck>(sink));
    begin_check(*all.back(), open(sink, checked, plugins.host(), plugins.net()), timeout);
    Destinations destinations;
    collect_destinations(settings.pipeline.routes, checked, destinations);
    for (const auto& [destination, route] : destinations) {
      all.push_back(std::make_unique<PendingCheck>(sink, route));
      begin_check(*all.back(), open(sink, with_destination(checked, destination), plugins.host(), plugins.net()), timeout);
    }
  }
  std::vector<config::Diagnostic> problems;
  std::set<std::string> known;
  for (const auto& pending : all) {
    add_findings(settings, *pending, pending->answer.get_future().get(), known, problems);
    if (!pending->instance) continue;
    std::promise<void> stopped;
    pending->instance->stop(kStopTimeout, [&] { stopped.set_value(); });
    stopped.get_future().wait();
  }
  return problems;
}

}  // namespace belfry::dryrun
