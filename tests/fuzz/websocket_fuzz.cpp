// Sends arbitrary bytes from a WebSocket server. The client must report only whole messages within its limit, valid UTF-8 as text, and one
// closed event at the end. It must read no more messages than requested, and release everything.
// Input: number of requested messages (7 bits) and whether the client closes (1 bit), then the server's bytes.
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/utf8.hpp"
#include "net/websocket/websocket_session.hpp"

using namespace belfry;

namespace {

constexpr std::size_t kLimit = 4096;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

// RFC 6455 section 4.2.2.
std::string accept_of(std::string_view request) {
  constexpr std::string_view kName = "Sec-WebSocket-Key: ";
  const auto at = request.find(kName) + kName.size();
  const auto key = std::string(request.substr(at, request.find('\r', at) - at)) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  unsigned char text[32];
  const int size = EVP_EncodeBlock(text, digest, sizeof digest);
  return {reinterpret_cast<char*>(text), static_cast<std::size_t>(size)};
}

// The bytes that the client has written so far; does not block.
std::string written_by_client(int peer) {
  std::string bytes(4096, '\0');
  const auto n = ::recv(peer, bytes.data(), bytes.size(), MSG_DONTWAIT);
  bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 64UL * 1024) return 0;
  const std::uint64_t requested = data[0] & 0x7fU;
  const bool closes = (data[0] & 0x80U) != 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);

  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail("cannot create sockets");
  net::asio::io_context io;
  const net::Executor executor(net::asio::make_strand(io));
  const auto settle = [&] {
    io.restart();
    io.poll();
  };
  std::uint64_t messages = 0;
  int opened = 0, closed = 0;
  std::weak_ptr<net::WebSocketSession> left;
  const auto take = [&](const net::WebSocketEvent& event) {
    using Kind = net::WebSocketEvent::Kind;
    if (closed != 0) fail("an event after the closed event");
    if (event.kind == Kind::closed) ++closed;
    if (event.kind == Kind::closed && !base::is_utf8(event.data)) fail("a reason that is not UTF-8");
    if (event.kind == Kind::open) ++opened;
    if (event.kind == Kind::text && !base::is_utf8(event.data)) fail("text that is not UTF-8");
    if (event.kind == Kind::text || event.kind == Kind::binary) {
      if (event.data.size() > kLimit) fail("a message over the limit");
      if (++messages > requested) fail("more messages than requested");
    }
  };
  {
    net::Stream::Socket socket(executor, net::Stream::Protocol(AF_UNIX, 0), ends[0]);
    const auto stream = std::make_shared<net::Stream>(std::move(socket));
    const auto outbox = std::make_shared<net::WebSocketOutbox>(kLimit);
    const auto session = std::make_shared<net::WebSocketSession>(
        stream, net::WebSocketRequest{.close_timeout = std::chrono::milliseconds(1), .max_message = kLimit},
        net::Url{{false, "localhost", "80", {}}, "localhost", "/"}, outbox, take);
    left = session;
    session->receive(requested);
    session->start(net::from_now(std::chrono::hours(1)));
    settle();
    const auto answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
                        accept_of(written_by_client(ends[1])) + "\r\n\r\n";
    ::send(ends[1], answer.data(), answer.size(), MSG_NOSIGNAL);
    settle();
    if (opened != 1) fail("did not open");
    // In pieces, so that frames are split at arbitrary positions.
    for (std::size_t at = 0; at < bytes.size();) {
      const auto piece = std::min<std::size_t>(bytes.size() - at, at % 2 == 0 ? 7 : 1000);
      if (::send(ends[1], bytes.data() + at, piece, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
      at += piece;
      settle();
      written_by_client(ends[1]);
      if (closes && at > bytes.size() / 2) session->close(4000, "enough");
    }
    ::close(ends[1]);
    settle();
    // The client must have noticed the end, unless it has paused reading until more messages are requested.
    if (closed == 0 && messages < requested && !closes) fail("the client did not notice the end of the stream");
    session->close(1000, "");
    settle();
  }
  // The session ends by itself, or when its close timeout expires.
  io.restart();
  while (!left.expired() && io.run_one_for(std::chrono::seconds(5)) > 0) {
  }
  if (closed != 1) fail("the session has not closed");
  if (!left.expired()) fail("the session has leaked");
  return 0;
}
