#include "net/client/dialer.hpp"

#include <netinet/in.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>

#include "net/client/tunnel.hpp"
#include "net/event.hpp"
#include "net/tls.hpp"

namespace belfry::net {

using Kind = ClientError::Kind;

namespace {

constexpr std::size_t kTunnelRead = 2 * 1024;

constexpr base::Millis kPollInterval{500};  // LookupPool::poll

// Divides the remaining time among the addresses, so that one that does not answer does not prevent attempts at the others.
base::SteadyTime share(base::SteadyTime deadline, std::size_t addresses_left) {
  const auto now = std::chrono::steady_clock::now();
  return now + (deadline - now) / static_cast<std::chrono::steady_clock::rep>(addresses_left);
}

}  // namespace

// A new object for each lookup, so that a late result cannot pass for the next lookup's.
struct Dialer::Lookup {
  explicit Lookup(const Executor& executor) : woken(executor) {}

  Event woken;
  std::vector<Stream::Protocol::endpoint> addresses;
  std::optional<std::string> error = "no answer from the name server in time";
  bool done = false;
};

namespace {

Stream::Protocol::endpoint endpoint_of(HostAddress address, std::uint16_t port) {
  if (address.storage.ss_family == AF_INET6)
    reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
  else
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
  return {&address.storage, address.size, IPPROTO_TCP};
}

}  // namespace

base::Result<DialSettings> dial_settings(const ClientTransport& transport, TrustStores& trust_stores, std::shared_ptr<LookupPool> lookups) {
  auto tls = client_context({transport.ca_file, transport.client_certificate, transport.client_key}, trust_stores);
  if (!tls) return std::unexpected(tls.error());
  return DialSettings{std::move(*tls), transport.verify, transport.proxies, std::move(lookups)};
}

Dialer::Dialer(Executor executor, DialSettings settings) : executor_(std::move(executor)), settings_(std::move(settings)) {}

void Dialer::cancel() {
  cancelled_ = true;
  if (stream_) stream_->close();
  if (lookup_) lookup_->woken.wake();
}

Awaitable<DialResult> Dialer::dial(const Origin& origin, base::SteadyTime deadline) {
  cancelled_ = false;
  auto failure = co_await open(origin, settings_.proxies.find(origin.tls, origin.host, origin.port), deadline);
  if (cancelled_) failure = ClientError{Kind::cancelled, false, "the request was cancelled"};
  auto stream = std::exchange(stream_, nullptr);
  if (failure) co_return std::unexpected(std::move(*failure));
  co_return stream;
}

Awaitable<Dialer::Failure> Dialer::open(const Origin& origin, const Proxy* proxy, base::SteadyTime deadline) {
  // No conditional expressions: in those, GCC 12 destroys the result of co_await twice.
  Failure failure;
  if (!origin.unix_socket.empty()) {
    proxy = nullptr;
    failure = co_await open_unix(origin.unix_socket, deadline);
  } else if (proxy == nullptr) {
    failure = co_await open_tcp(origin.host, origin.port, origin.text(), deadline);
  } else {
    failure = co_await open_tcp(proxy->host, proxy->port, "the proxy " + proxy->text(), deadline);
    if (!failure) failure = co_await open_tunnel(origin, *proxy, deadline);
  }
  if (!failure && origin.tls) failure = co_await open_tls(origin, proxy, deadline);
  co_return failure;
}

Awaitable<void> Dialer::resolve(const std::string& host, const std::string& port, base::SteadyTime deadline) {
  const auto lookup = lookup_ = std::make_shared<Lookup>(executor_);
  const auto number = static_cast<std::uint16_t>(std::stoi(port));
  error_code not_an_address;
  if (const auto address = asio::ip::make_address(host, not_an_address); !not_an_address) {
    lookup->addresses.emplace_back(asio::ip::tcp::endpoint(address, number));
    lookup->error.reset();
    co_return;
  }
  auto found = [weak = std::weak_ptr(lookup), executor = executor_, number](const LookupResult& result) {
    asio::post(executor, [weak, number, result] {
      const auto waiting = weak.lock();
      if (!waiting) return;
      waiting->done = true;
      waiting->error.reset();
      if (!result.error.empty()) waiting->error = result.error;
      for (const auto& entry : result.addresses) waiting->addresses.push_back(endpoint_of(entry, number));
      waiting->woken.wake();
    });
  };
  const auto ticket = settings_.lookups->resolve(host, std::move(found));
  while (!lookup->done && !cancelled_ && std::chrono::steady_clock::now() < deadline) {
    co_await lookup->woken.wait_until(std::min(deadline, from_now(kPollInterval)));
    settings_.lookups->poll();
  }
}

Awaitable<Dialer::Failure> Dialer::open_tcp(const std::string& host, const std::string& port, const std::string& peer_name,
                                            base::SteadyTime deadline) {
  co_await resolve(host, port, deadline);
  const auto lookup = std::exchange(lookup_, nullptr);
  if (lookup->error) co_return ClientError{Kind::resolve, false, "cannot resolve " + peer_name + ": " + *lookup->error};

  error_code ec = asio::error::host_not_found;
  for (std::size_t i = 0; i < lookup->addresses.size() && !cancelled_; ++i) {
    stream_ = std::make_shared<Stream>(Stream::Socket(executor_));
    stream_->expires_at(share(deadline, lookup->addresses.size() - i));
    co_await stream_->connect(lookup->addresses[i], ec);
    if (!ec && !cancelled_) co_return std::nullopt;
  }
  co_return ClientError{Kind::connect, false, "cannot connect to " + peer_name + ": " + ec.message()};
}

Awaitable<Dialer::Failure> Dialer::open_unix(const std::string& path, base::SteadyTime deadline) {
  error_code ec;
  stream_ = std::make_shared<Stream>(Stream::Socket(executor_));
  stream_->expires_at(deadline);
  co_await stream_->connect(asio::local::stream_protocol::endpoint(path), ec);
  if (!ec) co_return std::nullopt;
  co_return ClientError{Kind::connect, false, "cannot connect to " + path + ": " + ec.message()};
}

Awaitable<Dialer::Failure> Dialer::open_tunnel(const Origin& origin, const Proxy& proxy, base::SteadyTime deadline) {
  const auto failed = [&](const std::string& what) { return ClientError{Kind::connect, false, what}; };
  stream_->expires_at(deadline);
  error_code ec;
  const auto request = connect_request(proxy, origin);
  co_await stream_->write(request.reveal(), ec);
  std::string heard;
  std::string scratch(kTunnelRead, '\0');
  std::optional<TunnelResponse> answer;
  // After other write errors, still read: a proxy may refuse early, without reading the request.
  if (ec == asio::error::timed_out) co_return failed("the proxy " + proxy.text() + " did not answer in time");
  while (!answer) {
    const auto n = co_await stream_->read_some(asio::buffer(scratch), ec);
    heard.append(scratch, 0, n);
    answer = parse_tunnel_response(heard);
    if (answer || !ec) continue;
    if (ec == asio::error::timed_out) co_return failed("the proxy " + proxy.text() + " did not answer in time");
    co_return failed("the proxy " + proxy.text() + " closed the connection before its response was complete");
  }
  if (answer->is_open()) co_return std::nullopt;
  co_return failed(tunnel_refusal(proxy, origin, *answer));
}

Awaitable<Dialer::Failure> Dialer::open_tls(const Origin& origin, const Proxy* proxy, base::SteadyTime deadline) {
  error_code ec;
  stream_->expires_at(deadline);
  co_await stream_->connect_tls(*settings_.tls, origin.host, settings_.verify, ec);
  if (!ec) co_return std::nullopt;
  const auto verify_error = stream_->verify_error();
  const auto via = proxy == nullptr ? "" : " through the proxy " + proxy->text();
  co_return ClientError{Kind::tls, false,
                        "TLS with " + origin.text() + via + " failed: " + (verify_error.empty() ? ec.message() : verify_error)};
}

}  // namespace belfry::net
