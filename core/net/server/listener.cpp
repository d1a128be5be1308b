#include "net/server/listener.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace belfry::net {

namespace {

constexpr int kBacklog = 1024;
constexpr mode_t kSocketMode = 0660;

struct HostAndPort {
  std::string host, port;
};

std::optional<HostAndPort> split(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  HostAndPort result{address.substr(0, colon), address.substr(colon + 1)};
  const bool bracketed = result.host.starts_with('[') && result.host.ends_with(']');
  if (bracketed) result.host = result.host.substr(1, result.host.size() - 2);
  if (bracketed != result.host.contains(':')) return std::nullopt;
  std::uint16_t port = 0;
  const auto* end = result.port.data() + result.port.size();
  const auto [stopped, error] = std::from_chars(result.port.data(), end, port);
  if (error != std::errc() || stopped != end || result.host.empty()) return std::nullopt;
  return result;
}

std::string bind_error(int error, const std::string& port) {
  switch (error) {
    case EADDRINUSE: return "port " + port + " is in use by another program; stop it or choose another port";
    case EACCES: return "port " + port + " needs the capability CAP_NET_BIND_SERVICE; choose one above 1023, or grant the capability";
    case EADDRNOTAVAIL: return "no network interface has this address; choose one of this machine";
    default: return std::system_category().message(error);
  }
}

// The host as configured, with the port that the kernel assigned.
std::string bound_address(int fd, std::string host) {
  sockaddr_storage storage = {};
  socklen_t size = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  const auto port =
      storage.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(storage).sin_port : reinterpret_cast<sockaddr_in6&>(storage).sin6_port;
  if (host.contains(':')) host = "[" + host + "]";
  return host + ":" + std::to_string(ntohs(port));
}

bool is_listening(const sockaddr_un& where) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return true;
  const bool refused = ::connect(probe, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return !refused;
}

}  // namespace

void set_reuse_port(int socket, bool shared) {
  const int on = shared ? 1 : 0;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      family_(other.family_),
      address_(std::move(other.address_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

Listener::~Listener() {
  if (fd_ >= 0) ::close(fd_);
  remove_socket_file();
}

void Listener::remove_socket_file() {
  const auto path = std::exchange(path_, {});
  struct stat now = {};
  // Another program may have replaced the file.
  if (!path.empty() && ::lstat(path.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_) ::unlink(path.c_str());
}

int Listener::release() { return std::exchange(fd_, -1); }

base::Result<Listener> Listener::open(const std::string& address, bool shared) {
  auto listener = address.starts_with("unix:") ? open_unix(address) : open_ip(address, false);
  if (listener) return listener;
  // Only as a last resort: for this port, the kernel keeps allowing the reuse.
  if (shared && listener.error().code == base::ErrorCode::unavailable) {
    if (auto again = open_ip(address, true)) return again;
  }
  return std::unexpected(base::with_context("cannot listen on " + address, listener.error()));
}

base::Result<Listener> Listener::open_ip(const std::string& address, bool shared) {
  const auto where = split(address);
  if (!where) return base::fail(base::ErrorCode::invalid, "write HOST:PORT, [IPV6]:PORT or unix:PATH");
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  if (where->host != "localhost") hints.ai_flags |= AI_NUMERICHOST;  // a DNS lookup could block the start
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(where->host.c_str(), where->port.c_str(), &hints, &found); error != 0)
    return base::fail(base::ErrorCode::invalid, where->host + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, ::freeaddrinfo);

  Listener listener(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP), found->ai_family);
  const int on = 1;
  const int off = 0;
  // Without IPv6 on this machine, "all addresses" means all IPv4 addresses.
  if (listener.fd_ < 0 && errno == EAFNOSUPPORT && where->host == "::") return open_ip("0.0.0.0:" + where->port, shared);
  if (listener.fd_ < 0) return base::fail(bind_error(errno, where->port));
  ::setsockopt(listener.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (found->ai_family == AF_INET6) ::setsockopt(listener.fd_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (shared) set_reuse_port(listener.fd_, true);
  if (::bind(listener.fd_, found->ai_addr, found->ai_addrlen) != 0 || ::listen(listener.fd_, kBacklog) != 0)
    return base::fail(errno == EADDRINUSE ? base::ErrorCode::unavailable : base::ErrorCode::failed, bind_error(errno, where->port));
  if (shared) set_reuse_port(listener.fd_, false);
  listener.address_ = bound_address(listener.fd_, where->host);
  return listener;
}

base::Result<Listener> Listener::open_unix(const std::string& address) {
  const auto path = address.substr(std::string_view("unix:").size());
  sockaddr_un where = {};
  where.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof where.sun_path)
    return base::fail(base::ErrorCode::invalid,
                      "the path of a Unix socket must have 1 to " + std::to_string(sizeof where.sun_path - 1) + " characters");
  path.copy(where.sun_path, path.size());
  const auto* name = reinterpret_cast<const sockaddr*>(&where);

  Listener listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), AF_UNIX);
  if (listener.fd_ < 0) return base::fail(std::system_category().message(errno));
  if (::bind(listener.fd_, name, sizeof where) != 0) {
    if (errno != EADDRINUSE) return base::fail(std::system_category().message(errno));
    struct stat there = {};
    if (::lstat(path.c_str(), &there) != 0 || !S_ISSOCK(there.st_mode)) return base::fail("the file exists and is not a socket; remove it");
    if (is_listening(where)) return base::fail("another program listens there; stop it or choose another path");
    if (::unlink(path.c_str()) != 0 || ::bind(listener.fd_, name, sizeof where) != 0)
      return base::fail(std::system_category().message(errno));
  }
  struct stat bound = {};
  if (::lstat(path.c_str(), &bound) == 0) {
    listener.path_ = path;
    listener.device_ = bound.st_dev;
    listener.inode_ = bound.st_ino;
  }
  // chmod() before listen(): no client can connect while the file still has a wider mode.
  if (::chmod(path.c_str(), kSocketMode) != 0 || ::listen(listener.fd_, kBacklog) != 0)
    return base::fail(std::system_category().message(errno));
  listener.address_ = address;
  return listener;
}

}  // namespace belfry::net
