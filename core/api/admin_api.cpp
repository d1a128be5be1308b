#include "api/admin_api.hpp"

#include "api/admin/gateway.hpp"
#include "api/admin/operations.hpp"
#include "api/web/pages.hpp"

namespace belfry::api {
namespace {

constexpr std::size_t kMaxAdminBody = 64UL * 1024;

net::ServerResponse text(int status, std::string body) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}}, std::move(body), false};
}

void answer_readiness(const GatewayBackend& backend, net::Reply reply) {
  backend.readiness([reply = std::move(reply)](const Readiness& found) mutable {
    const bool ready = found.reasons.empty();
    std::string body = ready ? "ready\n" : "not ready\n";
    for (const auto& reason : found.reasons) body += "- " + reason + "\n";
    for (const auto& note : found.notes) body += "note: " + note + "\n";
    reply(text(ready ? 200 : 503, std::move(body)));
  });
}

// Open to every client of the listener: monitoring has no token.
void add_monitoring(net::RouteTable& table, const SharedGateway& gateway) {
  table["/healthz"] = {{"GET"}, [](const net::ServerRequest&, net::Reply reply) { reply(text(200, "alive\n")); }, kMaxAdminBody};
  table["/readyz"] = {
      {"GET"}, [gateway](const net::ServerRequest&, net::Reply reply) { answer_readiness(*gateway, std::move(reply)); }, kMaxAdminBody};
  table["/metrics"] = {{"GET"},
                       [gateway](const net::ServerRequest&, net::Reply reply) {
                         gateway->metrics([reply = std::move(reply)](std::string body) mutable {
                           reply({200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, std::move(body), false});
                         });
                       },
                       kMaxAdminBody};
}

}  // namespace

net::RouteTable admin_routes(AdminBackend backend, AccessRules rules) {
  const auto access = std::make_shared<const Access>(std::move(rules));
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
  add_monitoring(table, gateway);
  if (gateway->sessions)
    web::add_pages(table, {operators, access, gateway->sessions, gateway->status, gateway->sinks, gateway->release, gateway->preview});
  return table;
}

}  // namespace belfry::api
