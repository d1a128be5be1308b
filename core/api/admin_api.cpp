#include "api/admin_api.hpp"

#include <algorithm>
#include <charconv>

namespace belfry::api {
namespace {

net::ServerResponse text(int status, std::string body) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}}, std::move(body), false};
}

net::ServerResponse json(int status, const nlohmann::json& document) {
  return {status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, document.dump() + "\n", false};
}

// Who reaches a Unix socket has passed its file permissions; over TCP the token decides, and without a token the API does not exist.
std::optional<net::ServerResponse> refusal(const net::ServerRequest& request, const base::Secret& token) {
  if (request.remote == "unix") return std::nullopt;
  if (token.empty()) return text(404, "no such path; the API over TCP needs admin.token to be set\n");
  const auto given = request.headers.get("Authorization");
  if (given && base::constant_time_equal(*given, "Bearer " + token.reveal())) return std::nullopt;
  auto response = text(401, "the admin token is missing or wrong; send it as a bearer token\n");
  response.headers.add("WWW-Authenticate", "Bearer realm=\"belfry\"");
  return response;
}

void answer_readiness(const AdminBackend& backend, net::Reply reply) {
  backend.readiness([reply = std::move(reply)](const std::vector<std::string>& reasons) mutable {
    if (reasons.empty()) return reply(text(200, "ready\n"));
    std::string body = "not ready\n";
    for (const auto& reason : reasons) body += "- " + reason + "\n";
    reply(text(503, std::move(body)));
  });
}

// "since=2026-01-31T09:00:00Z&from=0"; both may be left out.
std::optional<RecordedQuery> recorded_query(std::string_view query) {
  RecordedQuery out;
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const auto value = part.substr(std::min(part.size(), part.find('=') + 1));
    if (part.starts_with("since=")) {
      const auto since = base::from_rfc3339(std::string(value));
      if (!since) return std::nullopt;
      out.since = *since;
    } else if (part.starts_with("from=")) {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out.from);
      if (error != std::errc() || end != value.data() + value.size() || out.from < 0) return std::nullopt;
    }
  }
  return out;
}

// A line for each, and one that says where the next part begins.
std::string lines_of(const store::Recorded& recorded) {
  std::string out;
  for (const auto& notification : recorded.notifications) out.append(notification).append("\n");
  return out + nlohmann::json{{"next", recorded.next}, {"sensitive", recorded.sensitive}}.dump() + "\n";
}

}  // namespace

net::RouteTable admin_routes(AdminBackend backend, base::Secret token) {
  const auto shared = std::make_shared<const AdminBackend>(std::move(backend));
  constexpr std::size_t kMaxBody = 64UL * 1024;
  net::RouteTable table;
  table["/healthz"] = {{"GET"}, [](const net::ServerRequest&, net::Reply reply) { reply(text(200, "alive\n")); }, kMaxBody};
  table["/readyz"] = {
      {"GET"}, [shared](const net::ServerRequest&, net::Reply reply) { answer_readiness(*shared, std::move(reply)); }, kMaxBody};
  table["/metrics"] = {{"GET"},
                       [shared](const net::ServerRequest&, net::Reply reply) {
                         shared->metrics([reply = std::move(reply)](std::string body) mutable {
                           reply({200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, std::move(body), false});
                         });
                       },
                       kMaxBody};
  const auto guarded = [secret = std::make_shared<const base::Secret>(std::move(token))](auto handler) -> net::RequestHandler {
    return [secret, handler](const net::ServerRequest& request, net::Reply reply) {
      if (auto refused = refusal(request, *secret)) return reply(std::move(*refused));
      handler(request, std::move(reply));
    };
  };
  const auto status = [shared](const net::ServerRequest&, net::Reply reply) {
    shared->status([reply = std::move(reply)](const nlohmann::json& document) mutable { reply(json(200, document)); });
  };
  const auto reload = [shared](const net::ServerRequest&, net::Reply reply) {
    shared->reload(
        [reply = std::move(reply)](bool taken, const nlohmann::json& verdict) mutable { reply(json(taken ? 200 : 422, verdict)); });
  };
  const auto notifications = [shared](const net::ServerRequest& request, net::Reply reply) {
    const auto query = recorded_query(request.query);
    if (!query) return reply(text(400, "since is a moment such as 2026-01-31T09:00:00Z, and from a number that an answer gave\n"));
    shared->notifications(*query, [reply = std::move(reply)](base::Result<store::Recorded> recorded) mutable {
      if (!recorded) return reply(text(503, recorded.error().message + "\n"));
      reply({200, {{"Content-Type", "application/x-ndjson"}, {"Cache-Control", "no-store"}}, lines_of(*recorded), false});
    });
  };
  table["/api/v1/notifications"] = {{"GET"}, guarded(notifications), kMaxBody};
  table["/api/v1/status"] = {{"GET"}, guarded(status), kMaxBody};
  table["/api/v1/reload"] = {{"POST"}, guarded(reload), kMaxBody};
  return table;
}

}  // namespace belfry::api
