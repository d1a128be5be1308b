// The messages that open a tunnel through a proxy: CONNECT and its response (RFC 9110 section 9.3.6). Private to core/net. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/client/proxy.hpp"
#include "net/url.hpp"

namespace belfry::net {

inline constexpr std::size_t kMaxTunnelResponse = 16UL * 1024;  // bytes of the response head

[[nodiscard]] base::Secret connect_request(const Proxy& proxy, const Origin& to);

struct TunnelResponse {
  int status = 0;     // 0: not HTTP
  bool clean = true;  // false: bytes followed the head, although nothing has been sent through the tunnel yet

  [[nodiscard]] bool is_open() const { return status >= 200 && status < 300 && clean; }
  bool operator==(const TunnelResponse&) const = default;
};

// Takes all bytes received so far. None: the response is not complete yet.
[[nodiscard]] std::optional<TunnelResponse> parse_tunnel_response(std::string_view bytes);

// Error text for a tunnel that did not open: "the proxy http://proxy:3128 refused the connection to slack.com:443: 407; ...".
[[nodiscard]] std::string tunnel_refusal(const Proxy& proxy, const Origin& to, const TunnelResponse& answer);

}  // namespace belfry::net
