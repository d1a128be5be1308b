#include "app/http_routes.hpp"

#include "api/webhook_api.hpp"
#include "app/inbound_gate.hpp"
#include "app/observe/status.hpp"
#include "base/gateway_clock.hpp"
#include "model/codec.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kRecordedPageSize = 2'000;

// A sink that does not run does not make the gateway unready: webhooks are still accepted and stored.
std::vector<std::string> not_ready_reasons(const HandlerContext& context, const base::Result<bool>& store_works) {
  std::vector<std::string> all;
  if (context.stopping.stop_requested()) all.emplace_back("the gateway is stopping");
  if (!store_works) all.push_back("the store cannot be written: " + store_works.error().message);
  return all;
}

std::vector<std::string> failed_sink_notes(const LiveConfig& live) {
  std::vector<std::string> all;
  for (const auto& [sink, why] : failed_sinks(live.sinks))
    if (!live.sinks.at(sink).crashed) all.push_back("sink " + sink + " cannot run: " + why);
  return all;
}

// Administrators read wall-clock time.
store::Stats to_wall_time(store::Stats stats, base::Millis ahead) {
  for (auto& [sink, figures] : stats.sinks)
    for (auto* time : {&figures.oldest, &figures.waiting_since, &figures.next_due})
      if (*time) **time += ahead;
  return stats;
}

std::vector<delivery::LaneStatus> to_wall_time(std::vector<delivery::LaneStatus> lanes, base::Millis ahead) {
  for (auto& lane : lanes) {
    if (lane.until) *lane.until += ahead;
    if (lane.since) *lane.since += ahead;
    lane.attempted_at += ahead;
    if (lane.last_failure) lane.last_failure->at += ahead;
  }
  return lanes;
}

std::vector<Refusal> to_wall_time(std::vector<Refusal> refused, base::Millis ahead) {
  for (auto& refusal : refused) refusal.at += ahead;
  return refused;
}

store::NotificationPage to_wall_time(store::NotificationPage recorded, base::Millis ahead) {
  if (ahead.count() == 0) return recorded;
  for (auto& text : recorded.notifications) {
    auto notification = model::decode_notification(text);
    if (!notification) continue;
    notification->received_at += ahead;
    text = model::encode(*notification);
  }
  return recorded;
}

nlohmann::json release_document(const std::string& sink, std::string_view effect, std::string_view was, const std::string& detail) {
  return {{"sink", sink}, {"released", effect == "released"}, {"effect", effect}, {"was", was}, {"detail", detail}};
}

// A request that began before a reload may arrive after its instance has stopped; the current instance handles it then.
net::RequestHandler inbound_handler(const Published<LiveConfig>& live, Metrics& metrics, const std::string& sink,
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

net::RequestHandler gated(std::shared_ptr<InboundGate> gate, net::RequestHandler handler) {
  return [gate = std::move(gate), handler = std::move(handler)](net::ServerRequest request, net::Reply reply) {
    gate->pass(std::move(request), std::move(reply), handler);
  };
}

}  // namespace

base::Result<net::RouteTable> source_routes(const LiveConfig& live, const HandlerContext& context, const base::Logger& log) {
  net::RouteTable table;
  for (const auto& source : live.settings.sources) {
    api::WebhookSource webhook{
        source.name,
        {source.auth.basic_username, source.auth.basic_passwords, source.auth.bearers, source.auth.client_certificate},
        live.settings.server.max_body};
    table[source.path] = api::webhook_route(std::move(webhook), live.pipeline, context.metrics, context.clock, log);
  }
  for (const auto& [name, sink] : live.sinks) {
    if (!sink.instance) continue;
    const auto gate = std::make_shared<InboundGate>(context.clock);
    for (const auto& inbound : sink.instance->inbound_routes()) {
      auto& route = table[inbound.path];
      if (route.handler) {
        return base::fail(base::ErrorCode::invalid, "sink " + name + " claims the path " + inbound.path +
                                                        ", which is already taken; give one of the two another path");
      }
      // A small limit: the plugin verifies the sender only after the whole body has been read.
      route = {{inbound.method},
               gated(gate, inbound_handler(context.live, context.metrics, name, sink.instance)),
               plugin::kMaxInboundBody,
               "sink " + name};
    }
  }
  return table;
}

api::AdminBackend admin_backend(const HandlerContext& context) {
  api::AdminBackend backend;
  backend.readiness = [context](auto answer) {
    context.write_probe.request([context, answer = std::move(answer)](const base::Result<bool>& works) mutable {
      answer({not_ready_reasons(context, works), failed_sink_notes(*context.live.get())});
    });
  };
  backend.metrics = [context](auto answer) { context.scrapes.request(std::move(answer)); };
  backend.status = [context](auto answer) {
    const auto known = context.store.stats(context.clock.now());
    const auto ahead = base::wall_offset(context.clock);
    const auto live = context.live.get();
    auto document = status_document(to_wall_time(known, ahead), to_wall_time(with_orphans(context.dispatcher.status(), known), ahead),
                                    not_ready_reasons(context, context.write_probe.last_result()), context.started_at + ahead,
                                    context.reloads, context.clock.now() + ahead);
    const auto refused = to_wall_time(context.listeners.refused_last_hour(), ahead);
    document["refused"] = refused_document(refused);
    document["certificates"] = context.certificates.notices();
    document["notices"] = document["certificates"];
    const auto zone = base::TimeZone::of_machine();
    for (const auto& refusal : refused) document["notices"].push_back(describe(refusal, zone));
    // Lets commands check that this is the gateway they mean, and see which addresses are its own.
    const auto& file = live->settings.file;
    document["configuration"] =
        file.empty() ? nlohmann::json() : nlohmann::json(std::filesystem::absolute(file).lexically_normal().string());
    document["store"] = std::filesystem::absolute(live->settings.store.path).string();
    document["listen"] = live->settings.admin.listen;
    document["listen"].push_back(live->settings.server.listen);
    answer(std::move(document));
  };
  backend.release = [context](const std::string& sink, const store::Operator&, auto answer) {
    using enum delivery::ReleaseResult::Effect;
    const auto shared = std::make_shared<decltype(answer)>(std::move(answer));
    const bool known = context.dispatcher.release(sink, [shared, sink](const delivery::ReleaseResult& result) {
      (*shared)(result.effect != blocked, release_document(sink, to_string(result.effect), to_string(result.previous), result.detail));
    });
    if (!known) (*shared)(false, release_document(sink, to_string(blocked), "orphaned", "the configuration no longer has this sink"));
  };
  backend.notifications = [context](const api::RecordedQuery& query, auto answer) {
    const auto ahead = base::wall_offset(context.clock);
    context.store.list_notifications(query.since - ahead, query.cursor, kRecordedPageSize,
                                     [answer = std::move(answer), ahead](base::Result<store::NotificationPage> recorded) mutable {
                                       if (recorded) recorded = to_wall_time(std::move(*recorded), ahead);
                                       answer(std::move(recorded));
                                     });
  };
  return backend;
}

}  // namespace belfry::app
