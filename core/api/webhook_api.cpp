#include "api/webhook_api.hpp"

#include "base/gateway_clock.hpp"
#include "base/ids.hpp"
#include "net/server/admission.hpp"
#include "source/coder.hpp"

namespace belfry::api {
namespace {

net::ServerResponse error_response(int status, std::string line) {
  net::ServerResponse response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(line);
  response.body += '\n';
  return response;
}

net::ServerResponse unauthorized(const source::AuthFailure& refusal) {
  auto response = error_response(401, refusal.message);
  response.headers.add("WWW-Authenticate", refusal.www_authenticate);
  return response;
}

// Coder retries five times, five minutes apart, regardless of the status; Retry-After is for clients that honor it.
net::ServerResponse unavailable() {
  auto response = error_response(503, "the notification could not be stored; send it again");
  response.headers.add("Retry-After", "30");
  return response;
}

}  // namespace

net::HttpRoute webhook_route(WebhookSource source, std::shared_ptr<delivery::Acceptor> pipeline, delivery::Metrics& metrics,
                             const base::Clock& clock, const base::Logger& log) {
  const auto max_body = source.max_body;
  const auto shared = std::make_shared<const WebhookSource>(std::move(source));
  const auto logger = log.named("webhook");
  auto admit = [shared, &metrics](const net::ServerRequest& head) -> std::optional<net::ServerResponse> {
    const auto refusal = source::check_credentials(shared->credentials, {head.headers.get("Authorization"), head.client_subject});
    if (!refusal) return std::nullopt;
    metrics.received(shared->name, "unauthorized");
    return unauthorized(*refusal);
  };
  auto handler = [shared, pipeline = std::move(pipeline), &metrics, &clock, log = logger](net::ServerRequest request, net::Reply reply) {
    const auto& name = shared->name;
    const auto now = clock.now();
    auto notification = source::parse_coder({request.body, request.headers.get("X-Message-Id")}, {name, base::new_id(now), now});
    if (!notification) {
      metrics.received(name, "invalid");
      return reply(error_response(400, notification.error().message));
    }

    const auto heard = base::to_wall(clock, now);
    const auto ids = log.with({{"source", name}, {"notification", notification->id}, {"msg_id", notification->msg_id}});
    ids.debug("received", {{"name", notification->name},
                           {"recipient", notification->recipient.email},
                           {"remote", request.remote},
                           {"bytes", request.body.size()}});
    pipeline->accept(std::move(*notification),
                     [shared, &metrics, log = ids, heard, reply = std::move(reply)](base::Result<store::Accepted> accepted) mutable {
                       if (!accepted) {
                         metrics.received(shared->name, "refused");
                         log.error("a notification could not be stored; its sender gets a 503", {{"error", accepted.error().message}});
                         return reply(unavailable());
                       }
                       metrics.received(shared->name, accepted->duplicate ? "duplicate" : "accepted");
                       metrics.source_heard(shared->name, heard);
                       if (accepted->duplicate) {
                         log.debug("already stored", {{"first", accepted->notification_id}});
                       } else {
                         log.debug("stored");
                       }
                       reply({204, {}, "", false});
                     });
  };
  return {{"POST"}, net::AdmittingHandler{std::move(admit), std::move(handler)}, max_body, "source " + shared->name};
}

}  // namespace belfry::api
