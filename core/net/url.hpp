// An absolute http or https URL, split into the parts a client needs. Private to core/net. Pure.
#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace belfry::net {

// The destination of a connection. Connections with equal origins are interchangeable.
struct Origin {
  bool tls = false;
  std::string host;  // a name or an address, without brackets
  std::string port;
  std::string unix_socket;  // path of a Unix socket to connect to instead of the host; empty: none

  auto operator<=>(const Origin&) const = default;
  [[nodiscard]] std::string text() const;  // "slack.com:443", or the path of the socket
};

struct Url {
  Origin origin;
  std::string authority;  // for the Host header: without the scheme's default port
  std::string target;     // path and query, percent-encoded as given
};

// Fails for a user name or password in the URL: credentials belong in a header. Drops a fragment.
[[nodiscard]] base::Result<Url> parse_url(std::string_view text);

}  // namespace belfry::net
