// Selects the proxy, if any, for a destination. Value types; pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace belfry::net {

// An HTTP proxy for use with CONNECT.
struct Proxy {
  std::string host;  // a name or an address, without brackets
  std::string port;
  base::Secret credentials;  // "user:password" for HTTP Basic (RFC 7617); empty: none

  [[nodiscard]] std::string text() const;  // "http://proxy:3128", never with credentials
};

struct ProxyRules {
  std::optional<Proxy> https;  // for https and wss
  std::optional<Proxy> http;   // for http and ws
  std::string no_proxy;        // hosts to connect to directly, in the syntax of matches_no_proxy()

  // Null: connect directly.
  [[nodiscard]] const Proxy* find(bool tls, std::string_view host, std::string_view port) const;
};

// Matches the host against a list in the syntax of $NO_PROXY, with entries separated by commas or blanks. As in curl, a name matches itself
// and its subdomains, with or without a leading dot; addresses and networks ("10.0.0.0/8", "fd00::/8") match addresses; * matches all.
// As in Coder, "*.example.com" also means ".example.com", and "example.com:8443" matches on that port only.
[[nodiscard]] bool matches_no_proxy(std::string_view list, std::string_view host, std::string_view port);

}  // namespace belfry::net
