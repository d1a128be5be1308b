// Opens a listening socket from its configured address. Private to core/net.
#pragma once
#include <sys/types.h>

#include <string>

#include "base/error.hpp"

namespace belfry::net {

// Sets SO_REUSEPORT (socket(7)): sockets that all have it set may bind the same port.
void set_reuse_port(int socket, bool shared);

// Owns the socket and, for a Unix socket, its file. The destructor closes the one and removes the other.
class Listener {
 public:
  // "127.0.0.1:6000", "[::]:6000" (IPv4 too), "localhost:6000", "unix:/path". Replaces the file of a Unix socket without a listener.
  // `shared`: may also bind a port that another socket holds with SO_REUSEPORT. The error names the address and the fix.
  [[nodiscard]] static base::Result<Listener> open(const std::string& address, bool shared = false);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  [[nodiscard]] int family() const { return family_; }
  [[nodiscard]] const std::string& address() const { return address_; }  // with the actual port
  void remove_socket_file();                                             // Unix socket: new connections fail from now on
  [[nodiscard]] int release();                                           // transfers the socket; keeps the file

 private:
  Listener(int fd, int family) : fd_(fd), family_(family) {}
  [[nodiscard]] static base::Result<Listener> open_ip(const std::string& address, bool shared);
  [[nodiscard]] static base::Result<Listener> open_unix(const std::string& address);

  int fd_ = -1;
  int family_;
  std::string address_;
  std::string path_;  // of the Unix socket; device and inode identify the file that was bound
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace belfry::net
