#include "app/routes.hpp"

#include "api/webhook_api.hpp"
#include "app/status.hpp"
#include "base/gateway_clock.hpp"
#include "model/codec.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kRecordedAtOnce = 2'000;
constexpr std::size_t kInboundBody = 256UL * 1024;  // who sends it is known only after the plugin has looked at all of it

// A sink that does not run is no reason: webhooks are to come in all the same, and are kept.
std::vector<std::string> reasons(const RouteParts& parts, const base::Result<bool>& store_works) {
  std::vector<std::string> all;
  if (parts.stopping.stop_requested()) all.emplace_back("the gateway is stopping");
  if (!store_works) all.push_back("the store cannot be written: " + store_works.error().message);
  return all;
}

std::vector<std::string> sinks_that_cannot_run(const Live& live) {
  std::vector<std::string> all;
  for (const auto& [sink, why] : broken_sinks(live.sinks))
    if (!live.sinks.at(sink).waiting) all.push_back("sink " + sink + " cannot run: " + why);
  return all;
}

// People read the wall clock.
store::Stats on_the_wall(store::Stats stats, base::Millis ahead) {
  for (auto& [sink, figures] : stats.sinks)
    for (auto* time : {&figures.oldest, &figures.waiting_since, &figures.next_due})
      if (*time) **time += ahead;
  return stats;
}

std::vector<delivery::LaneStatus> on_the_wall(std::vector<delivery::LaneStatus> lanes, base::Millis ahead) {
  for (auto& lane : lanes) {
    if (lane.until) *lane.until += ahead;
    if (lane.since) *lane.since += ahead;
    lane.attempted_at += ahead;
    if (lane.last_failure) lane.last_failure->at += ahead;
  }
  return lanes;
}

store::Recorded on_the_wall(store::Recorded recorded, base::Millis ahead) {
  if (ahead.count() == 0) return recorded;
  for (auto& text : recorded.notifications) {
    auto notification = model::decode_notification(text);
    if (!notification) continue;
    notification->received_at += ahead;
    text = model::encode(*notification);
  }
  return recorded;
}

// A request that began before the sink was exchanged may come after its instance has stopped: the one of now takes it.
net::RequestHandler inbound_handler(const Published<Live>& live, Metrics& metrics, const std::string& sink,
                                    std::shared_ptr<plugin::Instance> instance) {
  return [&live, &metrics, sink, instance = std::move(instance)](net::ServerRequest request, net::Reply answer) {
    const auto now = live.get();
    auto reply = [&metrics, sink, answer = std::move(answer)](net::ServerResponse response) mutable {
      metrics.inbound(sink, response.status == 401 || response.status == 403 ? "refused" : "verified");
      answer(std::move(response));
    };
    const auto found = now->sinks.find(sink);
    const bool there = found != now->sinks.end() && found->second.instance;
    (there ? found->second.instance : instance)->handle_inbound(std::move(request), std::move(reply));
  };
}

}  // namespace

base::Result<net::RouteTable> source_routes(const Live& live, const RouteParts& parts, const base::Logger& log) {
  net::RouteTable table;
  for (const auto& source : live.settings.sources) {
    api::WebhookSource webhook{
        source.name,
        {source.auth.basic_username, source.auth.basic_passwords, source.auth.bearers, source.auth.client_certificate},
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
      route = {{inbound.method}, inbound_handler(parts.live, parts.metrics, name, sink.instance), kInboundBody, "sink " + name};
    }
  }
  return table;
}

api::AdminBackend admin_backend(const RouteParts& parts) {
  api::AdminBackend backend;
  backend.readiness = [parts](auto answer) {
    parts.write_probe.ask([parts, answer = std::move(answer)](const base::Result<bool>& works) mutable {
      answer({reasons(parts, works), sinks_that_cannot_run(*parts.live.get())});
    });
  };
  backend.metrics = [parts](auto answer) { parts.scrapes.ask(std::move(answer)); };
  backend.status = [parts](auto answer) {
    const auto known = parts.store.stats(parts.clock.now());
    const auto ahead = base::wall_ahead(parts.clock);
    const auto live = parts.live.get();
    auto document =
        status_document(on_the_wall(known, ahead), on_the_wall(with_orphans(parts.dispatcher.status(), known), ahead),
                        reasons(parts, parts.write_probe.known()), parts.started_at + ahead, parts.reloads, parts.clock.now() + ahead);
    const auto refused = parts.doors.refused_last_hour();
    document["refused"] = refused_document(refused);
    document["notices"] = parts.certificates.notices();
    for (const auto& refusal : refused) document["notices"].push_back(sentence(refusal));
    // For commands: whether this is the gateway that they mean, and which addresses are its own.
    const auto& file = live->settings.file;
    document["configuration"] =
        file.empty() ? nlohmann::json() : nlohmann::json(std::filesystem::absolute(file).lexically_normal().string());
    document["store"] = std::filesystem::absolute(live->settings.store.path).string();
    document["listen"] = live->settings.admin.listen;
    document["listen"].push_back(live->settings.server.listen);
    answer(std::move(document));
  };
  backend.release = [parts](const std::string& sink, auto answer) {
    const auto shared = std::make_shared<decltype(answer)>(std::move(answer));
    const bool known = parts.dispatcher.release(sink, [shared, sink](const delivery::Released& released) {
      (*shared)(released.done,
                nlohmann::json{{"sink", sink}, {"released", released.done}, {"was", to_string(released.was)}, {"detail", released.detail}});
    });
    if (!known)
      (*shared)(false, {{"sink", sink}, {"released", false}, {"was", "orphaned"}, {"detail", "the configuration has it no more"}});
  };
  backend.notifications = [parts](const api::RecordedQuery& query, auto answer) {
    const auto ahead = base::wall_ahead(parts.clock);
    parts.store.recorded(query.since - ahead, query.from, kRecordedAtOnce,
                         [answer = std::move(answer), ahead](base::Result<store::Recorded> recorded) mutable {
                           if (recorded) recorded = on_the_wall(std::move(*recorded), ahead);
                           answer(std::move(recorded));
                         });
  };
  return backend;
}

}  // namespace belfry::app
