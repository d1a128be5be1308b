// A listening socket from its address in the configuration. Private to core/net.
#pragma once
#include <sys/types.h>

#include <string>

#include "base/error.hpp"

namespace belfry::net {

// Whether the port of a listening socket may be taken by another one that is shared as well (socket(7), SO_REUSEPORT).
void share_port(int socket, bool shared);

// Owns the socket and, for a Unix socket, its file.
class Listener {
 public:
  // "127.0.0.1:6000", "[::]:6000" (IPv4 too), "localhost:6000", "unix:/path". A Unix socket file that nobody listens on is replaced.
  // `shared`: also a port that another socket has, when that one is shared too.
  [[nodiscard]] static base::Result<Listener> open(const std::string& address, bool shared = false);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  [[nodiscard]] int family() const { return family_; }
  [[nodiscard]] const std::string& address() const { return address_; }  // with the port that was taken
  void withdraw();                                                       // removes the file of a Unix socket, so that nobody new comes
  [[nodiscard]] int release();                                           // the socket; the file stays this object's

 private:
  Listener(int fd, int family) : fd_(fd), family_(family) {}
  [[nodiscard]] static base::Result<Listener> open_ip(const std::string& address, bool shared);
  [[nodiscard]] static base::Result<Listener> open_unix(const std::string& address);

  int fd_ = -1;
  int family_;
  std::string address_;
  std::string path_;  // of the Unix socket, and what it was when it was bound
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace belfry::net
