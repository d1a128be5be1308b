#include "net/dialer.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "net/timeout.hpp"
#include "net/tls.hpp"
#include "net/tunnel.hpp"

namespace belfry::net {

using asio::ip::tcp;
using Kind = ClientError::Kind;

namespace {

constexpr std::size_t kTunnelRead = 2 * 1024;

// Each address gets its share of the time that is left: one that does not answer must not keep the others from being tried.
base::SteadyTime share(base::SteadyTime deadline, std::size_t addresses_left) {
  const auto now = std::chrono::steady_clock::now();
  return now + (deadline - now) / static_cast<std::chrono::steady_clock::rep>(addresses_left);
}

}  // namespace

// A look-up cannot be interrupted; one that takes too long is left behind, and finds only this when it comes back.
struct Dialer::Lookup {
  explicit Lookup(const Executor& executor) : woken(executor) {}

  Event woken;
  std::vector<tcp::endpoint> addresses;
  error_code error = asio::error::timed_out;
  bool abandoned = false;
};

base::Result<DialSettings> dial_settings(const ClientTransport& transport, Authorities& authorities) {
  auto tls = client_context(transport, authorities);
  if (!tls) return std::unexpected(tls.error());
  return DialSettings{std::move(*tls), transport.verify, transport.proxies};
}

Dialer::Dialer(asio::io_context& io, Executor executor, DialSettings settings)
    : io_(io), executor_(std::move(executor)), settings_(std::move(settings)) {}

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
  // No conditional expressions: GCC 12 destroys what co_await gives twice in one.
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
  // Of its own for whoever looks up: a look-up that was left behind must not fill the next one's.
  const auto lookup = lookup_ = std::make_shared<Lookup>(executor_);
  error_code not_an_address;
  if (const auto address = asio::ip::make_address(host, not_an_address); !not_an_address) {
    lookup->addresses = {{address, static_cast<std::uint16_t>(std::stoi(port))}};
    lookup->error = {};
    co_return;
  }
  asio::ip::basic_resolver<tcp, asio::io_context::executor_type> resolver(io_);
  auto found = [lookup](error_code ec, const auto& results) {
    if (lookup->abandoned) return;
    lookup->error = ec;
    for (const auto& entry : results) lookup->addresses.push_back(entry.endpoint());
    lookup->woken.wake();
  };
  resolver.async_resolve(host, port, tcp::resolver::numeric_service, asio::bind_executor(executor_, std::move(found)));
  co_await lookup->woken.wait_until(deadline);
  lookup->abandoned = true;
}

Awaitable<Dialer::Failure> Dialer::open_tcp(const std::string& host, const std::string& port, const std::string& whom,
                                            base::SteadyTime deadline) {
  co_await resolve(host, port, deadline);
  const auto lookup = std::exchange(lookup_, nullptr);
  if (lookup->error) co_return ClientError{Kind::resolve, false, "cannot resolve " + whom + ": " + lookup->error.message()};

  error_code ec = asio::error::host_not_found;
  for (std::size_t i = 0; i < lookup->addresses.size() && !cancelled_; ++i) {
    stream_ = std::make_shared<Stream>(Stream::Socket(executor_));
    stream_->expires_at(share(deadline, lookup->addresses.size() - i));
    co_await stream_->connect(lookup->addresses[i], ec);
    if (!ec && !cancelled_) co_return std::nullopt;
  }
  co_return ClientError{Kind::connect, false, "cannot connect to " + whom + ": " + ec.message()};
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
  std::optional<TunnelAnswer> answer;
  // A proxy that refuses early answers without reading: what it said is still worth reading.
  if (ec == asio::error::timed_out) co_return failed("the proxy " + proxy.text() + " does not answer in time");
  while (!answer) {
    const auto n = co_await stream_->read_some(asio::buffer(scratch), ec);
    heard.append(scratch, 0, n);
    answer = read_tunnel_answer(heard);
    if (answer || !ec) continue;
    if (ec == asio::error::timed_out) co_return failed("the proxy " + proxy.text() + " does not answer in time");
    co_return failed("the proxy " + proxy.text() + " closed the connection before its answer was complete");
  }
  if (answer->is_open()) co_return std::nullopt;
  co_return failed(tunnel_refusal(proxy, origin, *answer));
}

Awaitable<Dialer::Failure> Dialer::open_tls(const Origin& origin, const Proxy* proxy, base::SteadyTime deadline) {
  error_code ec;
  stream_->expires_at(deadline);
  co_await stream_->connect_tls(*settings_.tls, origin.host, settings_.verify, ec);
  if (!ec) co_return std::nullopt;
  const auto verdict = stream_->verify_error();
  const auto way = proxy == nullptr ? "" : " through the proxy " + proxy->text();
  co_return ClientError{Kind::tls, false, "no TLS with " + origin.text() + way + ": " + (verdict.empty() ? ec.message() : verdict)};
}

}  // namespace belfry::net
