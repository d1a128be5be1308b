// Raw sockets for the part of a hostile or broken peer: bytes in, bytes out. Every wait ends after kSoon.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace belfry::net::test {

inline constexpr std::chrono::seconds kSoon{20};

class RawSocket {
 public:
  explicit RawSocket(int fd) : fd_(fd) {
    if (fd < 0) throw std::runtime_error(std::strerror(errno));
  }
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)), seen_(std::move(other.seen_)) {}
  RawSocket& operator=(RawSocket&&) = delete;
  ~RawSocket() {
    if (fd_ >= 0) ::close(fd_);
  }

  // "127.0.0.1:80", "[::1]:80", "unix:/path": the format of HttpServer::addresses().
  static RawSocket connect(const std::string& address) {
    sockaddr_storage where = {};
    socklen_t size = sizeof(sockaddr_in);
    const auto colon = address.rfind(':');
    if (address.starts_with("unix:")) {
      auto& un = reinterpret_cast<sockaddr_un&>(where);
      un.sun_family = AF_UNIX;
      address.copy(un.sun_path, sizeof un.sun_path - 1, 5);
      size = sizeof un;
    } else if (address.starts_with('[')) {
      auto& in = reinterpret_cast<sockaddr_in6&>(where);
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
      ::inet_pton(AF_INET6, address.substr(1, colon - 2).c_str(), &in.sin6_addr);
      size = sizeof in;
    } else {
      auto& in = reinterpret_cast<sockaddr_in&>(where);
      in.sin_family = AF_INET;
      in.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
      ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &in.sin_addr);
    }
    RawSocket socket(::socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.fd_, reinterpret_cast<sockaddr*>(&where), size) != 0) throw std::runtime_error(std::strerror(errno));
    const int on = 1;
    ::setsockopt(socket.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
  }

  [[nodiscard]] int fd() const { return fd_; }

  // False: the peer has closed.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  void send_byte_by_byte(std::string_view bytes) const {
    for (const char c : bytes) send({&c, 1});
  }

  void end_sending() const { ::shutdown(fd_, SHUT_WR); }

  // Closes with a TCP reset.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(std::exchange(fd_, -1));
  }

  // Up to and including `mark`; throws if the peer closes first or sends nothing for kSoon.
  std::string read_until(std::string_view mark) {
    for (;;) {
      if (const auto at = seen_.find(mark); at != std::string::npos) return take(at + mark.size());
      if (!read_more()) throw std::runtime_error("ended after: " + seen_);
    }
  }

  std::string read_exactly(std::size_t size) {
    while (seen_.size() < size)
      if (!read_more()) throw std::runtime_error("ended after: " + seen_);
    return take(size);
  }

  // Everything until the peer closes or resets the connection.
  std::string read_to_end() {
    while (read_more()) {
    }
    return take(seen_.size());
  }

  // One response with a Content-Length or without a body.
  std::string read_response() {
    auto head = read_until("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    return head + read_exactly(static_cast<std::size_t>(std::stoul(head.substr(at + 16))));
  }

 private:
  std::string take(std::size_t size) {
    auto result = seen_.substr(0, size);
    seen_.erase(0, size);
    return result;
  }

  bool read_more() {
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kSoon).count())) != 1)
      throw std::runtime_error("silence after: " + seen_);
    char bytes[16384];
    const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    seen_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }

  int fd_;
  std::string seen_;
};

// Listens on a free port of 127.0.0.1; the test writes the responses.
class RawListener {
 public:
  RawListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where = {};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&where), size) != 0 || ::listen(fd_, 64) != 0)
      throw std::runtime_error(std::strerror(errno));
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&where), &size);
    port_ = ntohs(where.sin_port);
  }
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;
  ~RawListener() { ::close(fd_); }

  [[nodiscard]] std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

  [[nodiscard]] RawSocket accept() const {
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kSoon).count())) != 1) throw std::runtime_error("nobody connects");
    return RawSocket(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
  }
  // Whether a connection is waiting to be accepted.
  [[nodiscard]] bool pending() const {
    pollfd wait{fd_, POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

}  // namespace belfry::net::test
