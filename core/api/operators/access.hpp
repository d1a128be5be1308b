// Decides who may use the admin listener's API and pages, and names the operator.
//  - On a Unix socket, the permissions of the socket file have decided; the operator is the peer's user: "ada (uid 1000)".
//  - Over TCP, a token decides; the operator is its name: "token alice", or "token" for admin.token. Without tokens, neither API nor pages
//    exist over TCP.
//  - The Host header must be an IP address, localhost or one of admin.hosts, and an Origin header must match it, so that a page of another
//    site cannot reach the gateway through the browser of an operator (DNS rebinding). This holds for Unix sockets, too: they can be
//    forwarded to a TCP port (ssh -L).
// One instance serves all route tables and is updated by each reload, so that a token that a reload removes is refused at once, also for a
// request whose body was still arriving.
// Thread rule: any thread. Each check uses the rules of the moment at which it began.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "net/http.hpp"

namespace belfry::api {

// HttpRoute::owner of the routes of the API.
inline constexpr std::string_view kApiOwner = "admin API";

struct AccessRules {
  base::Secret token;                          // unnamed; empty: none
  std::map<std::string, base::Secret> tokens;  // by the name of their holder
  std::vector<std::string> hosts;              // names that clients use for this gateway, in lower case
};

class Access {
 public:
  explicit Access(AccessRules rules) : rules_(std::make_shared<const AccessRules>(std::move(rules))) {}

  void replace(AccessRules rules);

  // Whether the listener serves API and pages over TCP at all.
  [[nodiscard]] bool has_token() const;

  // Refuses a request from another site (421 or 403), one with a token in its URL or with two values where one decides (400), and over TCP
  // without configured tokens every one (404). None: acceptable, but not authenticated.
  [[nodiscard]] std::optional<net::ServerResponse> refuse_forged(const net::ServerRequest& request) const;

  // Only the check of the headers: Host, Origin, and that none that decides about access occurs twice. For /metrics, which needs no token.
  [[nodiscard]] std::optional<net::ServerResponse> refuse_foreign(const net::ServerRequest& request) const;

  // The name of the operator: from the peer's user, or from the bearer token in the Authorization header. None: not authenticated.
  [[nodiscard]] std::optional<std::string> operator_of(const net::ServerRequest& request) const;
  // The name of the operator who holds this token. None: it is wrong.
  [[nodiscard]] std::optional<std::string> holder_of(std::string_view token) const;

  // Both checks, for the API: none if the request may pass, else the response with the reason (401 without a valid token).
  [[nodiscard]] std::optional<net::ServerResponse> refuse(const net::ServerRequest& request) const;
  // The response to a request without a valid token.
  [[nodiscard]] static net::ServerResponse unauthenticated();

 private:
  [[nodiscard]] std::shared_ptr<const AccessRules> rules() const;

  mutable std::mutex mutex_;
  std::shared_ptr<const AccessRules> rules_;
};

}  // namespace belfry::api
