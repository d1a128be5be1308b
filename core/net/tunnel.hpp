// The words that open a tunnel through a proxy: CONNECT and its answer (RFC 9110, 9.3.6). Private to core/net. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/proxy.hpp"
#include "net/url.hpp"

namespace belfry::net {

inline constexpr std::size_t kLongestTunnelAnswer = 16UL * 1024;  // of its head

[[nodiscard]] base::Secret connect_request(const Proxy& proxy, const Origin& to);

struct TunnelAnswer {
  int status = 0;     // 0: not HTTP
  bool clean = true;  // nothing came after it: what follows is the other end's, which has not been spoken to yet

  [[nodiscard]] bool is_open() const { return status >= 200 && status < 300 && clean; }
  bool operator==(const TunnelAnswer&) const = default;
};

// None: `bytes`, all that came so far, are not the whole answer yet.
[[nodiscard]] std::optional<TunnelAnswer> read_tunnel_answer(std::string_view bytes);

// What is to be told of a tunnel that did not open: "the proxy http://proxy:3128 refused the connection to slack.com:443: 407; ...".
[[nodiscard]] std::string tunnel_refusal(const Proxy& proxy, const Origin& to, const TunnelAnswer& answer);

}  // namespace belfry::net
