// A byte stream: TCP or a Unix socket, with or without TLS. Every operation has a deadline. Private to core/net.
// Thread rule: used on its strand only; one operation at a time, except async_read_some() with async_write_some(). Ownership: shared; the
// deadline timer holds a weak reference.
#pragma once
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/asio.hpp"

namespace belfry::net {

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  using Protocol = asio::generic::stream_protocol;
  using Socket = asio::basic_stream_socket<Protocol, Executor>;

  explicit Stream(Socket socket) : socket_(std::move(socket)), timer_(socket_.get_executor()) {}

  [[nodiscard]] Executor executor() { return socket_.get_executor(); }

  // Sets the deadline of every operation from now on. An operation that reaches it ends with error::timed_out.
  void expires_at(base::SteadyTime deadline) { deadline_ = deadline; }
  void expires_after(base::Millis after) { deadline_ = from_now(after); }

  Awaitable<void> connect(Protocol::endpoint where, error_code& ec);
  Awaitable<void> accept_tls(asio::ssl::context& context, error_code& ec);
  // With `verify`, the peer's certificate must be valid for `host`. `host` is sent as the server name (SNI) unless it is an address.
  Awaitable<void> connect_tls(asio::ssl::context& context, std::string host, bool verify, error_code& ec);

  // With TLS, error::eof means that the peer sent close_notify; a connection cut without it yields ssl::error::stream_truncated.
  Awaitable<std::size_t> read_some(asio::mutable_buffer into, error_code& ec);
  Awaitable<std::size_t> write(std::string_view bytes, error_code& ec);  // returns the number of bytes written

  // For protocols that read and write at the same time: at most one of each, with Asio's buffer and handler types. The deadline does not
  // apply to them; close() ends them.
  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& into, Handler&& handler);
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& bytes, Handler&& handler);

  // Closes gracefully: shuts down sending, then reads and drops up to `max_bytes` until the peer closes. Closing a socket with unread input
  // would reset the connection, and the peer could lose the last response.
  Awaitable<void> finish(std::size_t max_bytes);

  void expire();  // sets the deadline to now
  void reset();   // like close(), and drops unsent data
  void close();   // ends pending operations; later ones fail with operation_aborted
  [[nodiscard]] bool is_open() const { return !closed_; }
  [[nodiscard]] bool quiet();                             // open, with neither data nor end of stream to read
  [[nodiscard]] std::string peer() const;                 // "127.0.0.1:51234", "[::1]:51234", "unix"; for display
  [[nodiscard]] bool is_unix_socket() const;              // false also if the address family is not available
  [[nodiscard]] std::optional<std::uint32_t> peer_uid();  // of the process that connected to a Unix socket
  [[nodiscard]] std::string peer_subject() const;         // of the verified certificate, RFC 2253
  [[nodiscard]] std::string verify_error() const;         // why the peer's certificate was rejected; empty: it was not

 private:
  bool begin(error_code& ec);
  void end(error_code& ec);
  void watch(base::SteadyTime until);
  void on_timer(std::uint64_t shot);

  Socket socket_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
  SteadyTimer timer_;
  base::SteadyTime deadline_ = base::SteadyTime::max();
  base::SteadyTime wake_ = base::SteadyTime::max();  // when the timer fires; max: not armed
  std::uint64_t shot_ = 0;
  bool busy_ = false;
  bool closed_ = false;
};

// The network that counts as one peer: "127.0.0.1", or "2001:db8:1:2::/64" because one host can use a whole /64. Empty: a Unix socket.
[[nodiscard]] std::string peer_network(const Stream::Socket& socket);

template <class Buffers, class Handler>
auto Stream::async_read_some(const Buffers& into, Handler&& handler) {
  auto start = [this](auto&& done, const Buffers& buffers) {
    if (tls_)
      tls_->async_read_some(buffers, std::forward<decltype(done)>(done));
    else
      socket_.async_read_some(buffers, std::forward<decltype(done)>(done));
  };
  return asio::async_initiate<Handler, void(error_code, std::size_t)>(std::move(start), handler, into);
}

template <class Buffers, class Handler>
auto Stream::async_write_some(const Buffers& bytes, Handler&& handler) {
  auto start = [this](auto&& done, const Buffers& buffers) {
    if (tls_)
      tls_->async_write_some(buffers, std::forward<decltype(done)>(done));
    else
      socket_.async_write_some(buffers, std::forward<decltype(done)>(done));
  };
  return asio::async_initiate<Handler, void(error_code, std::size_t)>(std::move(start), handler, bytes);
}

}  // namespace belfry::net
