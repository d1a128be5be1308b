#include "api/operators/access.hpp"

#include <arpa/inet.h>
#include <pwd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "api/operators/query_string.hpp"
#include "api/operators/responses.hpp"
#include "api/operators/text_rules.hpp"

namespace belfry::api {
namespace {

bool is_ip(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 || ::inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

// The host without port and brackets: "[::1]:9664" -> "::1". Empty: malformed.
std::string_view without_port(std::string_view host) {
  const bool brackets = host.starts_with('[');
  const auto end = brackets ? host.find(']') : std::min(host.find(':'), host.size());
  if (end == std::string_view::npos) return {};
  const auto port = host.substr(brackets ? end + 1 : end);
  const bool is_port =
      port.empty() || (port.size() > 1 && port.starts_with(':') && port.find_first_not_of("0123456789", 1) == std::string_view::npos);
  return is_port ? host.substr(brackets ? 1 : 0, brackets ? end - 1 : end) : std::string_view();
}

std::string_view without_scheme(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (origin.starts_with(scheme)) return origin.substr(scheme.size());
  return {};
}

// From /etc/passwd only: a directory service might not respond, and this runs on a network thread.
std::string user_name(std::uint32_t uid) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/etc/passwd", "re"),
                                                             [](std::FILE* open) { return open == nullptr ? 0 : std::fclose(open); });
  std::array<char, 4096> buffer{};
  passwd entry = {};
  passwd* found = nullptr;
  while (file && ::fgetpwent_r(file.get(), &entry, buffer.data(), buffer.size(), &found) == 0)
    if (found->pw_uid == uid) return printable(found->pw_name);
  return {};
}

std::string peer_name(const net::ServerRequest& request) {
  if (!request.peer_uid) return "unknown user of the admin socket";
  const auto uid = "uid " + std::to_string(*request.peer_uid);
  const auto name = user_name(*request.peer_uid);
  return name.empty() ? uid : name + " (" + uid + ")";
}

// Headers with one value by their definition. With two, this gateway and a proxy before it may disagree about which one counts.
std::optional<net::ServerResponse> refuse_repeated(const net::Headers& headers) {
  for (const std::string_view name : {"Authorization", "Content-Type", "Cookie", "Origin"}) {
    const auto has_name = [&](const auto& header) { return net::equal_ignoring_case(header.first, name); };
    if (std::ranges::count_if(headers.list(), has_name) > 1)
      return api_error(400, "the request has more than one " + std::string(name) + " header; send it once");
  }
  return std::nullopt;
}

}  // namespace

void Access::replace(AccessRules rules) {
  auto next = std::make_shared<const AccessRules>(std::move(rules));
  const std::lock_guard lock(mutex_);
  rules_.swap(next);
}

std::shared_ptr<const AccessRules> Access::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

bool Access::has_token() const {
  const auto current = rules();
  return !current->token.empty() || !current->tokens.empty();
}

std::optional<net::ServerResponse> Access::refuse_forged(const net::ServerRequest& request) const {
  for (const auto* name : {"token", "access_token"}) {
    if (has_parameter(request.query, name))
      return api_error(400, "a token in the URL ends up in logs and histories; send it in the Authorization header, and replace it");
  }
  if (request.peer == net::Peer::network && !has_token())
    return api_error(404, "no such path; over TCP, the API requires admin.token or admin.tokens");
  return refuse_foreign(request);
}

std::optional<net::ServerResponse> Access::refuse_foreign(const net::ServerRequest& request) const {
  if (auto refused = refuse_repeated(request.headers)) return refused;
  const auto current = rules();
  const auto host = request.headers.get("Host").value_or("");
  const std::string name(without_port(host));
  const bool known = is_ip(name) || net::equal_ignoring_case(name, "localhost") ||
                     std::ranges::any_of(current->hosts, [&](const auto& own) { return net::equal_ignoring_case(own, name); });
  if (!known)
    return api_error(
        421, "the host name " + in_quotes(name) + " is not a known name of this gateway; add it to admin.hosts, or use the IP address");
  const auto origin = request.headers.get("Origin");
  if (origin && !net::equal_ignoring_case(without_scheme(*origin), host))
    return api_error(403, "the request comes from a page of " + in_quotes(*origin) + "; use the page of this gateway");
  return std::nullopt;
}

std::optional<std::string> Access::holder_of(std::string_view token) const {
  // Compares with every token, so that the time does not depend on which one matches.
  const auto current = rules();
  std::optional<std::string> holder;
  for (const auto& [name, secret] : current->tokens)
    if (!secret.empty() && base::constant_time_equal(token, secret.reveal())) holder = "token " + name;
  if (!current->token.empty() && base::constant_time_equal(token, current->token.reveal()) && !holder) holder = "token";
  return holder;
}

std::optional<std::string> Access::operator_of(const net::ServerRequest& request) const {
  if (request.peer == net::Peer::unix_socket) return peer_name(request);
  constexpr std::string_view kBearer = "Bearer ";
  const auto value = request.headers.get("Authorization").value_or("");
  if (!net::equal_ignoring_case(value.substr(0, kBearer.size()), kBearer)) return std::nullopt;
  return holder_of(value.substr(kBearer.size()));
}

std::optional<net::ServerResponse> Access::refuse(const net::ServerRequest& request) const {
  if (auto refused = refuse_forged(request)) return refused;
  if (request.peer == net::Peer::unix_socket || operator_of(request)) return std::nullopt;
  return unauthenticated();
}

net::ServerResponse Access::unauthenticated() {
  auto response = api_error(401, "the admin token is missing or wrong; send it as a bearer token in the Authorization header");
  response.headers.add("WWW-Authenticate", "Bearer realm=\"belfry\"");
  return response;
}

}  // namespace belfry::api
