#include "api/admin_api.hpp"

#include <algorithm>
#include <charconv>

#include "net/server/admission.hpp"

namespace belfry::api {
namespace {

net::ServerResponse text(int status, std::string body) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}}, std::move(body), false};
}

net::ServerResponse json(int status, const nlohmann::json& document) {
  return {status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, document.dump() + "\n", false};
}

// A client of a Unix socket has passed its file permissions. Over TCP the token decides, and without a token the API does not exist.
std::optional<net::ServerResponse> auth_error(const net::ServerRequest& request, const base::Secret& token) {
  if (request.peer == net::Peer::unix_socket) return std::nullopt;
  if (token.empty()) return text(404, "no such path; the API over TCP needs admin.token to be set\n");
  const auto value = request.headers.get("Authorization");
  if (value && base::constant_time_equal(*value, "Bearer " + token.reveal())) return std::nullopt;
  auto response = text(401, "the admin token is missing or wrong; send it as a bearer token\n");
  response.headers.add("WWW-Authenticate", "Bearer realm=\"belfry\"");
  return response;
}

void answer_readiness(const AdminBackend& backend, net::Reply reply) {
  backend.readiness([reply = std::move(reply)](const Readiness& found) mutable {
    const bool ready = found.reasons.empty();
    std::string body = ready ? "ready\n" : "not ready\n";
    for (const auto& reason : found.reasons) body += "- " + reason + "\n";
    for (const auto& note : found.notes) body += "note: " + note + "\n";
    reply(text(ready ? 200 : 503, std::move(body)));
  });
}

// "since=2026-01-31T09:00:00Z&from=0"; both are optional.
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
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out.cursor);
      if (error != std::errc() || end != value.data() + value.size() || out.cursor < 0) return std::nullopt;
    }
  }
  return out;
}

std::string query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=') return std::string(part.substr(name.size() + 1));
  }
  return {};
}

void answer_backup(const BackupBackend& backend, const net::ServerRequest& request, net::Reply reply) {
  if (request.method == "POST") {
    const auto begun = backend.begin();
    return reply(begun ? json(200, *begun) : text(409, begun.error().message + "\n"));
  }
  const auto id = query_parameter(request.query, "id");
  const auto state = backend.state(id);
  if (!state) return reply(text(404, "no such backup; it was fetched, or not requested for ten minutes\n"));
  if (request.method == "DELETE") backend.remove(id);
  reply(json(200, *state));
}

void answer_backup_data(const BackupBackend& backend, const net::ServerRequest& request, net::Reply reply) {
  std::uint64_t from = 0;
  const auto value = query_parameter(request.query, "from");
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), from);
  if (error != std::errc() || end != value.data() + value.size()) return reply(text(400, "from must be a number of bytes\n"));
  auto chunk = backend.read(query_parameter(request.query, "id"), from);
  if (!chunk) return reply(text(chunk.error().code == base::ErrorCode::not_found ? 404 : 503, chunk.error().message + "\n"));
  reply({200, {{"Content-Type", "application/octet-stream"}, {"Cache-Control", "no-store"}}, std::move(*chunk), false});
}

// One line per notification, then one with the start of the next page.
std::string to_ndjson(const store::NotificationPage& recorded) {
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
  const auto guarded = [secret = std::make_shared<const base::Secret>(std::move(token))](std::set<std::string> methods,
                                                                                         auto handler) -> net::HttpRoute {
    return {std::move(methods),
            net::AdmittingHandler{[secret](const net::ServerRequest& head) { return auth_error(head, *secret); }, handler}, kMaxBody};
  };
  const auto status = [shared](const net::ServerRequest&, net::Reply reply) {
    shared->status([reply = std::move(reply)](const nlohmann::json& document) mutable { reply(json(200, document)); });
  };
  const auto reload = [shared](const net::ServerRequest&, net::Reply reply) {
    shared->reload(
        [reply = std::move(reply)](bool applied, const nlohmann::json& result) mutable { reply(json(applied ? 200 : 422, result)); });
  };
  const auto notifications = [shared](const net::ServerRequest& request, net::Reply reply) {
    const auto query = recorded_query(request.query);
    if (!query) return reply(text(400, "since must be a time such as 2026-01-31T09:00:00Z, and from the `next` of a previous page\n"));
    shared->notifications(*query, [reply = std::move(reply)](base::Result<store::NotificationPage> recorded) mutable {
      if (!recorded) return reply(text(503, recorded.error().message + "\n"));
      reply({200, {{"Content-Type", "application/x-ndjson"}, {"Cache-Control", "no-store"}}, to_ndjson(*recorded), false});
    });
  };
  for (const auto& sink : shared->sinks) {
    const auto release = [shared, sink](const net::ServerRequest&, net::Reply reply) {
      shared->release(
          sink, [reply = std::move(reply)](bool done, const nlohmann::json& document) mutable { reply(json(done ? 200 : 409, document)); });
    };
    table["/api/v1/sinks/" + sink + "/release"] = guarded({"POST"}, release);
  }
  table["/api/v1/notifications"] = guarded({"GET"}, notifications);
  const auto backup = [shared](const net::ServerRequest& request, net::Reply reply) {
    answer_backup(shared->backup, request, std::move(reply));
  };
  const auto backup_data = [shared](const net::ServerRequest& request, net::Reply reply) {
    answer_backup_data(shared->backup, request, std::move(reply));
  };
  table["/api/v1/backup"] = guarded({"POST", "GET", "DELETE"}, backup);
  table["/api/v1/backup/data"] = guarded({"GET"}, backup_data);
  table["/api/v1/status"] = guarded({"GET"}, status);
  table["/api/v1/reload"] = guarded({"POST"}, reload);
  return table;
}

}  // namespace belfry::api
