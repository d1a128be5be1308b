// An absolute http or https URL in the parts a client needs. Private to core/net. Pure.
#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace belfry::net {

// Where connections go: what makes them exchangeable.
struct Origin {
  bool tls = false;
  std::string host;  // a name or an address, without brackets
  std::string port;
  std::string unix_socket;  // its path; connected to instead of the host when it is not empty

  auto operator<=>(const Origin&) const = default;
  [[nodiscard]] std::string text() const;  // "slack.com:443", or the path of the socket
};

struct Url {
  Origin origin;
  std::string authority;  // for the Host header: the port only when it is not the scheme's
  std::string target;     // path and query, percent-encoded as given
};

// User name and password are refused: they belong into a header. A fragment is dropped.
[[nodiscard]] base::Result<Url> parse_url(std::string_view text);

}  // namespace belfry::net
