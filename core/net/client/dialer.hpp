// Opens connections: resolves the host, connects to one of its addresses or to a Unix socket, and negotiates TLS if the origin uses it.
// With a proxy, the dialer connects to the proxy and opens a tunnel before TLS. Plain HTTP uses a tunnel as well, so that no response of
// the proxy can pass for the server's. Every step ends by the deadline. Private to core/net.
// Thread rule: used on its strand only; one dial at a time. Ownership: the caller owns the dialer and keeps it until the dial ends.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <expected>
#include <memory>
#include <optional>

#include "net/asio.hpp"
#include "net/client/http_client.hpp"
#include "net/lookup_pool.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

namespace belfry::net {

struct DialSettings {
  std::shared_ptr<asio::ssl::context> tls;
  bool verify = true;  // the certificate and its host name
  ProxyRules proxies;
  std::shared_ptr<LookupPool> lookups;
};

// Loads the TLS files of a transport. The error names the unusable file.
[[nodiscard]] base::Result<DialSettings> dial_settings(const ClientTransport& transport, TrustStores& trust_stores,
                                                       std::shared_ptr<LookupPool> lookups);

// The error's kind is resolve, connect (also a proxy's refusal), tls or cancelled; its detail names the unreachable peer and the reason.
using DialResult = std::expected<std::shared_ptr<Stream>, ClientError>;

class Dialer {
 public:
  Dialer(Executor executor, DialSettings settings);

  // The returned stream still has the deadline of the dial.
  Awaitable<DialResult> dial(const Origin& origin, base::SteadyTime deadline);
  void cancel();  // the dial in progress, if any, ends soon with `cancelled`

 private:
  struct Lookup;
  using Failure = std::optional<ClientError>;

  Awaitable<Failure> open(const Origin& origin, const Proxy* proxy, base::SteadyTime deadline);
  // `peer_name`: the host's name in errors.
  Awaitable<Failure> open_tcp(const std::string& host, const std::string& port, const std::string& peer_name, base::SteadyTime deadline);
  Awaitable<Failure> open_unix(const std::string& path, base::SteadyTime deadline);
  Awaitable<Failure> open_tunnel(const Origin& origin, const Proxy& proxy, base::SteadyTime deadline);
  Awaitable<Failure> open_tls(const Origin& origin, const Proxy* proxy, base::SteadyTime deadline);
  Awaitable<void> resolve(const std::string& host, const std::string& port, base::SteadyTime deadline);

  const Executor executor_;
  const DialSettings settings_;
  std::shared_ptr<Lookup> lookup_;
  std::shared_ptr<Stream> stream_;  // during a dial
  bool cancelled_ = false;
};

}  // namespace belfry::net
