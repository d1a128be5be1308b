#include "net/stream.hpp"

#include <arpa/inet.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>

namespace belfry::net {

namespace {

// cancel() misses a composed operation (all of TLS) that is between two of its steps, so the timer repeats it.
constexpr base::Millis kCancelAgain{10};

constexpr std::size_t kScratch = 4 * 1024;

// The smallest prefix that a provider assigns to one subscriber (RFC 6177).
constexpr unsigned short kNetworkBits = 64;

asio::ip::tcp::endpoint ip_endpoint(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    return {asio::ip::address_v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
  asio::ip::address_v6::bytes_type bytes;
  std::copy_n(v6.sin6_addr.s6_addr, bytes.size(), bytes.begin());
  const asio::ip::address_v6 address(bytes);
  // A dual-stack listener reports IPv4 peers as ::ffff:192.0.2.1.
  if (address.is_v4_mapped()) return {asio::ip::make_address_v4(asio::ip::v4_mapped, address), ntohs(v6.sin6_port)};
  return {address, ntohs(v6.sin6_port)};
}

std::string ip_and_port(const asio::ip::tcp::endpoint& endpoint) {
  std::string text = endpoint.address().to_string();
  if (endpoint.address().is_v6()) text.insert(0, 1, '[').push_back(']');
  return text.append(":").append(std::to_string(endpoint.port()));
}

std::optional<asio::ip::tcp::endpoint> ip_of(const Stream::Protocol::endpoint& endpoint) {
  const int family = endpoint.protocol().family();
  if (family != AF_INET && family != AF_INET6) return std::nullopt;
  sockaddr_storage storage = {};
  std::memcpy(&storage, endpoint.data(), std::min(endpoint.size(), sizeof storage));
  return ip_endpoint(storage);
}

}  // namespace

bool Stream::begin(error_code& ec) {
  if (closed_) {
    ec = asio::error::operation_aborted;
    return false;
  }
  if (std::chrono::steady_clock::now() >= deadline_) {
    ec = asio::error::timed_out;
    return false;
  }
  busy_ = true;
  // The timer is not rearmed for every operation: it checks the current deadline when it fires.
  if (deadline_ < wake_) watch(deadline_);
  return true;
}

void Stream::end(error_code& ec) {
  busy_ = false;
  // Without close(), only the deadline cancels operations.
  if (ec == asio::error::operation_aborted && !closed_) ec = asio::error::timed_out;
}

void Stream::watch(base::SteadyTime until) {
  wake_ = until;
  timer_.expires_at(until);
  timer_.async_wait([weak = weak_from_this(), shot = ++shot_](error_code) {
    if (const auto self = weak.lock()) self->on_timer(shot);
  });
}

void Stream::on_timer(std::uint64_t shot) {
  if (shot != shot_) return;
  wake_ = base::SteadyTime::max();
  if (!busy_ || closed_) return;
  if (std::chrono::steady_clock::now() < deadline_) return watch(deadline_);
  error_code ignored;
  socket_.cancel(ignored);
  watch(from_now(kCancelAgain));
}

Awaitable<void> Stream::connect(Protocol::endpoint where, error_code& ec) {
  if (!begin(ec)) co_return;
  co_await socket_.async_connect(where, returning(ec));
  end(ec);
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Awaitable<void> Stream::accept_tls(asio::ssl::context& context, error_code& ec) {
  tls_.emplace(socket_, context);
  if (!begin(ec)) co_return;
  co_await tls_->async_handshake(asio::ssl::stream_base::server, returning(ec));
  end(ec);
}

Awaitable<void> Stream::connect_tls(asio::ssl::context& context, std::string host, bool verify, error_code& ec) {
  tls_.emplace(socket_, context);
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (not_an_address) SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());
  if (verify) {
    tls_->set_verify_mode(asio::ssl::verify_peer);
    tls_->set_verify_callback(asio::ssl::host_name_verification(host));
  }
  if (!begin(ec)) co_return;
  co_await tls_->async_handshake(asio::ssl::stream_base::client, returning(ec));
  end(ec);
}

Awaitable<std::size_t> Stream::read_some(asio::mutable_buffer into, error_code& ec) {
  if (!begin(ec)) co_return 0;
  std::size_t n = 0;
  if (tls_)
    n = co_await tls_->async_read_some(into, returning(ec));
  else
    n = co_await socket_.async_read_some(into, returning(ec));
  end(ec);
  co_return n;
}

Awaitable<std::size_t> Stream::write(std::string_view bytes, error_code& ec) {
  std::size_t taken = 0;
  ec = {};
  while (taken < bytes.size() && !ec && begin(ec)) {
    const asio::const_buffer rest(bytes.data() + taken, bytes.size() - taken);
    if (tls_)
      taken += co_await tls_->async_write_some(rest, returning(ec));
    else
      taken += co_await socket_.async_write_some(rest, returning(ec));
    end(ec);
  }
  co_return taken;
}

Awaitable<void> Stream::finish(std::size_t max_bytes) {
  error_code ec;
  if (tls_ && begin(ec)) {
    co_await tls_->async_shutdown(returning(ec));
    end(ec);
  }
  socket_.shutdown(Socket::shutdown_send, ec);
  // Reads below TLS, since the data is dropped anyway.
  std::string scratch(ec ? 0 : kScratch, '\0');
  while (!ec && max_bytes > 0 && begin(ec)) {
    const auto n = co_await socket_.async_read_some(asio::buffer(scratch), returning(ec));
    end(ec);
    max_bytes -= std::min(n, max_bytes);
  }
  close();
}

void Stream::expire() {
  deadline_ = std::chrono::steady_clock::now();
  on_timer(shot_);
}

void Stream::reset() {
  error_code ignored;
  socket_.set_option(Socket::linger(true, 0), ignored);
  close();
}

void Stream::close() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
}

bool Stream::quiet() {
  char byte = 0;
  return !closed_ && ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

std::string Stream::peer() const {
  error_code ec;
  const auto endpoint = socket_.remote_endpoint(ec);
  if (ec) return "unknown";
  const auto ip = ip_of(endpoint);
  return ip ? ip_and_port(*ip) : "unix";
}

// Checks the local end, which is available even after the peer has closed.
bool Stream::is_unix_socket() const {
  error_code ec;
  const auto own = socket_.local_endpoint(ec);
  return !ec && own.protocol().family() == AF_UNIX;
}

std::optional<std::uint32_t> Stream::peer_uid() {
  if (!is_unix_socket()) return std::nullopt;
  ucred peer = {};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

std::string peer_network(const Stream::Socket& socket) {
  error_code ec;
  const auto endpoint = socket.remote_endpoint(ec);
  const auto ip = ec ? std::nullopt : ip_of(endpoint);
  if (!ip) return {};
  if (ip->address().is_v4()) return ip->address().to_string();
  return asio::ip::make_network_v6(ip->address().to_v6(), kNetworkBits).canonical().to_string();
}

std::string Stream::peer_subject() const {
  if (!tls_) return {};
  // native_handle() is not const, but reading from the handle changes nothing.
  auto* ssl = const_cast<asio::ssl::stream<Socket&>&>(*tls_).native_handle();
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl), X509_free);
  if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK) return {};
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string Stream::verify_error() const {
  if (!tls_) return {};
  const auto result = SSL_get_verify_result(const_cast<asio::ssl::stream<Socket&>&>(*tls_).native_handle());
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

}  // namespace belfry::net
