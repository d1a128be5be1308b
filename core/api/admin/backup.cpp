#include "api/admin/gateway.hpp"
#include "api/admin/json_object.hpp"
#include "api/operators/responses.hpp"
#include "api/operators/text_rules.hpp"

namespace belfry::api {
namespace {

void begin_backup(const BackupBackend& backups, const Call& call, net::Reply reply) {
  const auto body = JsonObject::of_body(call.request, {"reason"});
  if (!body) return reply(body.error());
  const auto reason = body->line("reason", kMaxReason);
  if (!reason) return reply(api_error(reason.error()));
  const auto begun = backups.begin({call.by, reason->value_or("")});
  reply(begun ? json_response(200, *begun) : api_error(409, begun.error().message));
}

void show_or_remove(const BackupBackend& backups, const Call& call, net::Reply reply) {
  const auto id = call.query.get("id").value_or("");
  const auto state = backups.state(id);
  if (!state) return reply(api_error(404, "no such backup; it was fetched, or not requested for ten minutes"));
  if (call.request.method == "DELETE") backups.remove(id);
  reply(json_response(200, *state));
}

void read_chunk(const BackupBackend& backups, const Call& call, net::Reply reply) {
  const auto from = call.query.number("from", 0, 0, INT64_MAX);
  if (!from) return reply(api_error(from.error()));
  auto chunk = backups.read(call.query.get("id").value_or(""), *from);
  if (!chunk) return reply(api_error(chunk.error().code == base::ErrorCode::not_found ? 404 : 503, chunk.error().message));
  reply({200, {{"Content-Type", "application/octet-stream"}, {"Cache-Control", "no-store"}}, std::move(*chunk), false});
}

}  // namespace

void add_backups(Endpoints& endpoints, const SharedGateway& gateway) {
  endpoints.add({"POST", "GET", "DELETE"}, "backup", {"id"}, [gateway](const Call& call, net::Reply reply) {
    (call.request.method == "POST" ? begin_backup : show_or_remove)(gateway->backup, call, std::move(reply));
  });
  endpoints.add({"GET"}, "backup/data", {"id", "from"},
                [gateway](const Call& call, net::Reply reply) { read_chunk(gateway->backup, call, std::move(reply)); });
}

}  // namespace belfry::api
