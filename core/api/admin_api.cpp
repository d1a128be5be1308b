#include "api/admin_api.hpp"

#include "api/admin/gateway.hpp"
#include "api/admin/operations.hpp"
#include "api/web/pages.hpp"
#include "net/server/admission.hpp"

namespace belfry::api {
namespace {

constexpr std::size_t kMaxAdminBody = 64UL * 1024;

net::ServerResponse text(int status, std::string body) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}}, std::move(body), false};
}

// `in_detail`: with the reasons, which name sinks and files.
void answer_readiness(const GatewayBackend& backend, bool in_detail, net::Reply reply) {
  backend.readiness([in_detail, reply = std::move(reply)](const Readiness& found) mutable {
    const bool ready = found.reasons.empty();
    std::string body = ready ? "ready\n" : "not ready\n";
    if (!in_detail) return reply(text(ready ? 200 : 503, std::move(body)));
    for (const auto& reason : found.reasons) body += "- " + reason + "\n";
    for (const auto& note : found.notes) body += "note: " + note + "\n";
    reply(text(ready ? 200 : 503, std::move(body)));
  });
}

// Needs no token: monitoring has none. Load balancers use any Host, and get the state alone; a page of another site can reach the listener
// through a browser (DNS rebinding), and must not read metrics.
void add_monitoring(net::RouteTable& table, const SharedGateway& gateway, const std::shared_ptr<const Access>& access) {
  table["/healthz"] = {{"GET"}, [](const net::ServerRequest&, net::Reply reply) { reply(text(200, "alive\n")); }, kMaxAdminBody};
  table["/readyz"] = {{"GET"},
                      [gateway, access](const net::ServerRequest& request, net::Reply reply) {
                        answer_readiness(*gateway, !access->refuse_foreign(request), std::move(reply));
                      },
                      kMaxAdminBody};
  net::AdmittingHandler metrics{[access](const net::ServerRequest& head) { return access->refuse_foreign(head); },
                                [gateway](const net::ServerRequest&, net::Reply reply) {
                                  gateway->metrics([reply = std::move(reply)](std::string body) mutable {
                                    reply({200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, std::move(body), false});
                                  });
                                }};
  table["/metrics"] = {{"GET"}, std::move(metrics), kMaxAdminBody};
}

}  // namespace

net::RouteTable admin_routes(AdminBackend backend, std::shared_ptr<const Access> access) {
  const auto gateway = std::make_shared<const AdminBackend>(std::move(backend));
  const SharedOperators operators(gateway, &gateway->operators);
  Endpoints endpoints(access);
  add_gateway(endpoints, gateway);
  add_backups(endpoints, gateway);
  add_deliveries(endpoints, operators);
  add_bulk_changes(endpoints, operators);
  add_why(endpoints, operators);
  add_audit(endpoints, operators);
  add_send(endpoints, operators);
  add_log_level(endpoints, operators);
  auto table = endpoints.take();
  add_monitoring(table, gateway, access);
  if (gateway->sessions)
    web::add_pages(table, {operators, access, gateway->sessions, gateway->status, gateway->sinks, gateway->release, gateway->preview});
  return table;
}

}  // namespace belfry::api
