#include "api/admin/gateway.hpp"

#include <algorithm>

#include "api/admin/json_object.hpp"
#include "api/operators/responses.hpp"
#include "api/operators/text_rules.hpp"

namespace belfry::api {
namespace {

// Reads a body of which only the reason is used. The error is the response.
std::expected<store::Operator, net::ServerResponse> read_operator(const Call& call) {
  const auto body = JsonObject::of_body(call.request, {"reason"});
  if (!body) return std::unexpected(body.error());
  const auto reason = body->line("reason", kMaxReason);
  if (!reason) return std::unexpected(api_error(reason.error()));
  return store::Operator{call.by, reason->value_or("")};
}

void reload(const GatewayBackend& gateway, const Call& call, net::Reply reply) {
  auto by = read_operator(call);
  if (!by) return reply(std::move(by.error()));
  gateway.reload(*std::move(by), [reply = std::move(reply)](bool applied, const nlohmann::json& result) mutable {
    reply(json_response(applied ? 200 : 422, result));
  });
}

void release(const GatewayBackend& gateway, const Call& call, net::Reply reply) {
  const auto sink = call.request.path_parameter("name");
  if (std::ranges::find(gateway.sinks, sink) == gateway.sinks.end())
    return reply(
        api_error(404, "there is no sink " + in_quotes(sink) + (gateway.sinks.empty() ? "" : "; the sinks are " + listed(gateway.sinks))));
  auto by = read_operator(call);
  if (!by) return reply(std::move(by.error()));
  gateway.release(sink, *std::move(by), [reply = std::move(reply)](bool done, const nlohmann::json& document) mutable {
    reply(json_response(done ? 200 : 409, document));
  });
}

// "since=2026-01-31T09:00:00Z&from=0"; both are optional.
base::Result<RecordedQuery> recorded_query(const QueryString& query) {
  RecordedQuery out;
  if (const auto text = query.get("since")) {
    const auto since = base::from_rfc3339(*text);
    if (!since) return invalid_input("since is " + in_quotes(*text) + "; write a time such as 2026-01-31T09:00:00Z");
    out.since = *since;
  }
  const auto from = query.number("from", 0, 0, INT64_MAX);
  if (!from) return std::unexpected(from.error());
  out.cursor = static_cast<std::int64_t>(*from);
  return out;
}

// One line per notification, then one with the start of the next page.
std::string to_ndjson(const store::NotificationPage& recorded) {
  std::string out;
  for (const auto& notification : recorded.notifications) out.append(notification).append("\n");
  return out + nlohmann::json{{"next", recorded.next}, {"sensitive", recorded.sensitive}}.dump() + "\n";
}

net::ServerResponse ndjson_response(std::string lines) {
  return {200, {{"Content-Type", "application/x-ndjson"}, {"Cache-Control", "no-store"}}, std::move(lines), false};
}

std::string to_ndjson(const RecordedOutcomes& recorded) {
  std::string out;
  for (const auto& line : recorded.lines) out.append(line).append("\n");
  return out +
         nlohmann::json{{"next", recorded.next},
                        {"sensitive", recorded.sensitive},
                        {"configuration", recorded.configuration.empty() ? nlohmann::json() : nlohmann::json(recorded.configuration)},
                        {"fingerprint", recorded.fingerprint}}
             .dump() +
         "\n";
}

void outcomes(const GatewayBackend& gateway, const Call& call, net::Reply reply) {
  const auto query = recorded_query(call.query);
  if (!query) return reply(api_error(query.error()));
  gateway.outcomes(*query, [reply = std::move(reply)](const base::Result<RecordedOutcomes>& recorded) mutable {
    if (!recorded) return reply(api_error(503, recorded.error().message));
    reply(ndjson_response(to_ndjson(*recorded)));
  });
}

void notifications(const GatewayBackend& gateway, const Call& call, net::Reply reply) {
  const auto query = recorded_query(call.query);
  if (!query) return reply(api_error(query.error()));
  gateway.notifications(*query, [reply = std::move(reply)](const base::Result<store::NotificationPage>& recorded) mutable {
    if (!recorded) return reply(api_error(503, recorded.error().message));
    reply(ndjson_response(to_ndjson(*recorded)));
  });
}

}  // namespace

void add_gateway(Endpoints& endpoints, const SharedGateway& gateway) {
  endpoints.add({"GET"}, "status", {}, [gateway](const Call&, net::Reply reply) {
    gateway->status([reply = std::move(reply)](const nlohmann::json& document) mutable { reply(json_response(200, document)); });
  });
  endpoints.add({"POST"}, "reload", {}, [gateway](const Call& call, net::Reply reply) { reload(*gateway, call, std::move(reply)); });
  endpoints.add({"POST"}, "sinks/{name}/release", {},
                [gateway](const Call& call, net::Reply reply) { release(*gateway, call, std::move(reply)); });
  endpoints.add({"GET"}, "notifications/outcomes", {"since", "from"},
                [gateway](const Call& call, net::Reply reply) { outcomes(*gateway, call, std::move(reply)); });
  endpoints.add({"GET"}, "notifications", {"since", "from"},
                [gateway](const Call& call, net::Reply reply) { notifications(*gateway, call, std::move(reply)); });
}

}  // namespace belfry::api
