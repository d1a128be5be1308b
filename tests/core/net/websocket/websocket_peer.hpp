// The server side of a WebSocket, frame by frame, with valid or invalid frames as the test requires.
#pragma once
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>

#include "core/net/raw_socket.hpp"

namespace belfry::net::test {

enum Opcode : unsigned { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

struct Frame {
  unsigned opcode = 0;
  bool final = true;
  bool masked = false;
  std::string payload;
};

// An unmasked frame, valid or not. `first`: the first byte, with its flags.
inline std::string raw_frame(unsigned first, std::string_view payload) {
  std::string bytes(1, static_cast<char>(first));
  const auto size = payload.size();
  if (size < 126) {
    bytes.push_back(static_cast<char>(size));
  } else if (size < 65536) {
    bytes.push_back(126);
    for (const int shift : {8, 0}) bytes.push_back(static_cast<char>(size >> shift));
  } else {
    bytes.push_back(127);
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(size) >> shift));
  }
  return bytes.append(payload);
}

inline std::string frame(Opcode opcode, std::string_view payload, bool final = true) {
  return raw_frame((final ? 0x80U : 0U) | opcode, payload);
}

inline std::string close_frame(unsigned code, std::string_view reason = {}) {
  return frame(kClose, std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}.append(reason));
}

// RFC 6455 section 4.2.2.
inline std::string accept_of(const std::string& request) {
  const std::string name = "Sec-WebSocket-Key: ";
  const auto at = request.find(name) + name.size();
  const auto key = request.substr(at, request.find('\r', at) - at) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  unsigned char text[32];
  const int size = EVP_EncodeBlock(text, digest, sizeof digest);
  return {reinterpret_cast<char*>(text), static_cast<std::size_t>(size)};
}

inline std::string switching(const std::string& request, const std::string& more = {}) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept_of(request) +
         "\r\n" + more + "\r\n";
}

// With a context, the peer uses TLS. Its constructor runs the handshake, so the client must already be connecting.
class WebSocketPeer {
 public:
  explicit WebSocketPeer(RawSocket socket, SSL_CTX* context = nullptr) : socket_(std::move(socket)) {
    const timeval soon{static_cast<time_t>(kSoon.count()), 0};
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
    if (context == nullptr) return;
    tls_.reset(SSL_new(context));
    SSL_set_fd(tls_.get(), socket_.fd());
    is_good_ = SSL_accept(tls_.get()) == 1;
  }

  [[nodiscard]] bool is_good() const { return is_good_; }
  RawSocket& socket() { return socket_; }

  std::string read_request() {
    while (seen_.find("\r\n\r\n") == std::string::npos)
      if (!read_more()) throw std::runtime_error("ended after: " + seen_);
    return take(seen_.find("\r\n\r\n") + 4);
  }
  // Opens the WebSocket and returns the request.
  std::string open() {
    auto request = read_request();
    send(switching(request));
    return request;
  }

  void send(std::string_view bytes) {
    if (!tls_) {
      socket_.send(bytes);
    } else {
      SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
    }
  }

  Frame read_frame() {
    Frame frame;
    need(2);
    frame.final = (byte(0) & 0x80) != 0;
    frame.opcode = byte(0) & 0x7f;
    frame.masked = (byte(1) & 0x80) != 0;
    std::size_t size = byte(1) & 0x7f;
    std::size_t at = 2;
    if (size >= 126) {
      const std::size_t more = size == 126 ? 2 : 8;
      need(at + more);
      size = 0;
      for (std::size_t i = 0; i < more; ++i) size = size << 8 | byte(at + i);
      at += more;
    }
    need(at + 4 + size);
    const auto mask = seen_.substr(at, 4);
    frame.payload = seen_.substr(at + 4, size);
    for (std::size_t i = 0; i < size; ++i) frame.payload[i] = static_cast<char>(frame.payload[i] ^ mask[i % 4]);
    take(at + 4 + size);
    return frame;
  }
  // The next frame other than the client's pings.
  Frame read_said() {
    for (;;) {
      auto frame = read_frame();
      if (frame.opcode != kPing) return frame;
    }
  }
  // The code and reason of a close frame: "1000 reason".
  std::string read_close() {
    const auto frame = read_said();
    if (frame.opcode != kClose) return "no close but " + std::to_string(frame.opcode);
    if (frame.payload.size() < 2) return "none";
    const auto high = static_cast<unsigned char>(frame.payload[0]), low = static_cast<unsigned char>(frame.payload[1]);
    return std::to_string(high << 8 | low) + " " + frame.payload.substr(2);
  }
  // Discards everything until the client has closed.
  void read_to_end() {
    while (read_more()) {
    }
  }

 private:
  [[nodiscard]] unsigned byte(std::size_t at) const { return static_cast<unsigned char>(seen_[at]); }
  void need(std::size_t size) {
    while (seen_.size() < size)
      if (!read_more()) throw std::runtime_error("ended in the middle of a frame");
  }
  std::string take(std::size_t size) {
    auto result = seen_.substr(0, size);
    seen_.erase(0, size);
    return result;
  }
  bool read_more() {
    char bytes[16384];
    const auto n = tls_ ? SSL_read(tls_.get(), bytes, sizeof bytes) : ::recv(socket_.fd(), bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("silence after: " + seen_);
    if (n <= 0) return false;
    seen_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }

  RawSocket socket_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, SSL_free};
  bool is_good_ = true;
  std::string seen_;
};

}  // namespace belfry::net::test
