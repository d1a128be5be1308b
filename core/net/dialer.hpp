// Opens connections: looks the host up, connects to one of its addresses or to a Unix socket, then begins TLS when the origin has it.
// Where a proxy is to be used, that one is connected to and asked for a tunnel before TLS begins: also for plain HTTP, so that nothing a
// proxy says can pass for an answer of the server. Every step ends by the deadline. Private to core/net.
// Thread rule: used on its strand only; one dial at a time. Ownership: of whoever dials, who outlives the dial.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <expected>
#include <memory>
#include <optional>

#include "net/asio.hpp"
#include "net/http_client.hpp"
#include "net/lookup_pool.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

namespace belfry::net {

struct DialSettings {
  std::shared_ptr<asio::ssl::context> tls;
  bool verify = true;  // the certificate, and that it is the host's
  ProxyRules proxies;
  std::shared_ptr<LookupPool> lookups;
};

// What a transport says about opening connections. The error names the file that cannot be used.
[[nodiscard]] base::Result<DialSettings> dial_settings(const ClientTransport& transport, Authorities& authorities,
                                                       std::shared_ptr<LookupPool> lookups);

// The error's kind is resolve, connect (a proxy that refuses included), tls or cancelled; its detail says what could not be reached and
// why.
using DialResult = std::expected<std::shared_ptr<Stream>, ClientError>;

class Dialer {
 public:
  Dialer(Executor executor, DialSettings settings);

  // The stream's deadline is still the one of the dial.
  Awaitable<DialResult> dial(const Origin& origin, base::SteadyTime deadline);
  void cancel();  // the dial under way, if any, which then ends soon with `cancelled`

 private:
  struct Lookup;
  using Failure = std::optional<ClientError>;

  Awaitable<Failure> open(const Origin& origin, const Proxy* proxy, base::SteadyTime deadline);
  // `whom`: how an error names the host.
  Awaitable<Failure> open_tcp(const std::string& host, const std::string& port, const std::string& whom, base::SteadyTime deadline);
  Awaitable<Failure> open_unix(const std::string& path, base::SteadyTime deadline);
  Awaitable<Failure> open_tunnel(const Origin& origin, const Proxy& proxy, base::SteadyTime deadline);
  Awaitable<Failure> open_tls(const Origin& origin, const Proxy* proxy, base::SteadyTime deadline);
  Awaitable<void> resolve(const std::string& host, const std::string& port, base::SteadyTime deadline);

  const Executor executor_;
  const DialSettings settings_;
  std::shared_ptr<Lookup> lookup_;
  std::shared_ptr<Stream> stream_;  // while it is being opened
  bool cancelled_ = false;
};

}  // namespace belfry::net
