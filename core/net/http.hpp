// HTTP messages as plain values, without a network header.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace belfry::net {

[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII

// Headers in their original order and spelling. Lookup ignores case (RFC 9110 section 5.1).
class Headers {
 public:
  using Pair = std::pair<std::string, std::string>;
  Headers() = default;
  Headers(std::initializer_list<Pair> list) : list_(list) {}

  void add(std::string name, std::string value) { list_.emplace_back(std::move(name), std::move(value)); }
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;  // the first
  [[nodiscard]] const std::vector<Pair>& list() const { return list_; }

 private:
  std::vector<Pair> list_;
};

// How the client connected.
enum class Peer { network, unix_socket };

// A request as received. `path` is the target up to '?', not percent-decoded.
struct ServerRequest {
  std::string method;
  std::string path;
  std::string query;
  Headers headers;
  std::string body;
  std::string remote;  // "127.0.0.1:51234", "unix"; for display only, never for a decision
  Peer peer = Peer::network;
  std::optional<std::uint32_t> peer_uid = {};       // of the user at the other end of a Unix socket (SO_PEERCRED)
  std::vector<Headers::Pair> path_parameters = {};  // of the route (HttpRoute::has_parameters), percent-decoded
  std::string client_subject;                       // of the verified client certificate, RFC 2253; empty: no certificate

  [[nodiscard]] std::string path_parameter(std::string_view name) const;  // empty: the route has no such parameter
};

struct ServerResponse {
  int status = 200;
  Headers headers;  // the server sets Content-Length, Date and Connection
  std::string body;
  bool close = false;
  std::string why = {};  // of a refusal, for the log; empty: the first line of a text/plain body
};

// Replaces each %XX by its byte. nullopt: a % without two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
// The same for a value of a query or a form, as browsers and most clients encode it: a plus sign is a space
// (application/x-www-form-urlencoded, url.spec.whatwg.org).
[[nodiscard]] std::optional<std::string> form_decode(std::string_view text);

// One line of text/plain, truncated to the 512 bytes of an error that Coder shows.
[[nodiscard]] ServerResponse text_response(int status, std::string_view line);

}  // namespace belfry::net
