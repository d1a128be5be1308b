// Which requests go through a proxy, and through which. Values; pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace belfry::net {

// An HTTP proxy that is asked to CONNECT.
struct Proxy {
  std::string host;  // a name or an address, without brackets
  std::string port;
  base::Secret credentials;  // "user:password" for HTTP Basic (RFC 7617); empty: none

  [[nodiscard]] std::string text() const;  // "http://proxy:3128": never the credentials
};

struct ProxyRules {
  std::optional<Proxy> https;  // for https and wss
  std::optional<Proxy> http;   // for http and ws
  std::string except;          // hosts that are connected to directly, as is_excepted() reads it

  // Null: none, the host is to be connected to directly.
  [[nodiscard]] const Proxy* find(bool tls, std::string_view host, std::string_view port) const;
};

// A list as in $NO_PROXY, read as curl does: names, separated by commas or blanks, stand for themselves and everything below them,
// with or without a dot in front; addresses and networks ("10.0.0.0/8", "fd00::/8") for addresses; * for everything. Besides, as Coder
// does: "*.example.com" is the same as ".example.com", and "example.com:8443" holds for that port only.
[[nodiscard]] bool is_excepted(std::string_view list, std::string_view host, std::string_view port);

}  // namespace belfry::net
