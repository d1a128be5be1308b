#include "app/routes.hpp"

#include "api/webhook_api.hpp"
#include "app/status.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kRecordedAtOnce = 2'000;
constexpr std::size_t kInboundBody = 1024UL * 1024;

// Parked by a remote's refusal is not a reason: webhooks are to come in all the same, and are kept.
std::vector<std::string> reasons(const Live& live, const base::Result<bool>& store_works) {
  std::vector<std::string> all;
  if (!store_works) all.push_back("the store cannot be written: " + store_works.error().message);
  for (const auto& [sink, why] : broken_sinks(live.sinks)) all.push_back("sink " + sink + " cannot run: " + why);
  return all;
}

// A request that began before the sink was exchanged may come after its instance has stopped: the one of now takes it.
net::RequestHandler inbound_handler(const Published<Live>& live, const std::string& sink, std::shared_ptr<plugin::Instance> instance) {
  return [&live, sink, instance = std::move(instance)](net::ServerRequest request, net::Reply reply) {
    const auto now = live.get();
    const auto found = now->sinks.find(sink);
    const bool there = found != now->sinks.end() && found->second.instance;
    (there ? found->second.instance : instance)->handle_inbound(std::move(request), std::move(reply));
  };
}

}  // namespace

base::Result<net::RouteTable> source_routes(const Live& live, const RouteParts& parts, const base::Logger& log) {
  net::RouteTable table;
  for (const auto& source : live.settings.sources) {
    api::WebhookSource webhook{source.name,
                               {source.auth.basic_username, source.auth.basic_password, source.auth.bearer, source.auth.client_certificate},
                               live.settings.server.max_body};
    table[source.path] = api::webhook_route(std::move(webhook), live.pipeline, parts.metrics, parts.clock, log);
  }
  for (const auto& [name, sink] : live.sinks) {
    if (!sink.instance) continue;
    for (const auto& inbound : sink.instance->inbound_routes()) {
      auto& route = table[inbound.path];
      if (route.handler) {
        return base::fail(base::ErrorCode::invalid, "sink " + name + " wants requests at " + inbound.path +
                                                        ", which is taken already; give one of the two another path");
      }
      route = {{inbound.method}, inbound_handler(parts.live, name, sink.instance), kInboundBody};
    }
  }
  return table;
}

api::AdminBackend admin_backend(const RouteParts& parts) {
  api::AdminBackend backend;
  backend.readiness = [parts](auto answer) {
    parts.store.probe(
        [parts, answer = std::move(answer)](const base::Result<bool>& works) mutable { answer(reasons(*parts.live.get(), works)); });
  };
  backend.metrics = [parts](auto answer) {
    parts.store.stats(parts.clock.now(), [parts, answer = std::move(answer)](base::Result<store::Stats> stats) mutable {
      const auto known = stats.value_or(store::Stats{});
      answer(parts.metrics.text(known, with_orphans(parts.dispatcher.status(), known), parts.clock.now()));
    });
  };
  backend.status = [parts](auto answer) {
    parts.store.stats(parts.clock.now(), [parts, answer = std::move(answer)](base::Result<store::Stats> stats) mutable {
      const auto known = stats.value_or(store::Stats{});
      const auto works = stats ? base::Result<bool>(true) : std::unexpected(stats.error());
      answer(status_document(known, with_orphans(parts.dispatcher.status(), known), reasons(*parts.live.get(), works), parts.started_at,
                             parts.reloads));
    });
  };
  backend.notifications = [parts](const api::RecordedQuery& query, auto answer) {
    parts.store.recorded(query.since, query.from, kRecordedAtOnce,
                         [answer = std::move(answer)](base::Result<store::Recorded> recorded) mutable { answer(std::move(recorded)); });
  };
  return backend;
}

}  // namespace belfry::app
