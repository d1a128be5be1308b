// HTTP/1.1 server on TCP, TLS or a Unix socket: keep-alive, pipelining, limits, slow-client deadlines. The requests of one connection are
// handled one after the other.
//
// The server itself responds with 400 and close to bad HTTP, 404/405 from the router, 408 to a slow request, 413 with a bounded lingering
// read, 431 to a long header, 417 or 100-continue to an Expect header, 500 for a dropped reply, 501 to an unknown transfer coding, and
// 503 + Retry-After while draining, after a handler timeout and at a connection or memory limit. At the connection limit it closes the
// connection that has been idle the longest (connection_table.hpp). Bodies share a memory budget (body_budget.hpp), and are read only
// after the route has admitted the head of the request (admission.hpp).
//
// Thread rule: call open(), replace_listeners() and the port handover from one thread, the rest from any. Ownership: the runtime and the
// router outlive the server; a Reply may outlive it and then has no effect.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "net/executor.hpp"
#include "net/server/router.hpp"
#include "net/server/server_limits.hpp"
#include "net/tls_files.hpp"

namespace belfry::net {

// How the server sheds a connection or a request at a limit.
enum class Shed : std::uint8_t {
  displaced,             // idle, closed at max_connections
  displaced_by_address,  // idle, closed at max_connections_per_address
  refused,               // 503: every other connection is handling a request
  dropped,               // closed without a response: too many are being refused already
  descriptors,           // idle, closed because the process has no file descriptors left
  body_memory,           // 503: no memory for the body
};
inline constexpr std::size_t kShedCount = 6;
[[nodiscard]] std::string_view to_string(Shed reason);

// One response as it is sent. The views are valid during the call only.
struct AccessRecord {
  int status = 0;                   // 0: no response, the TLS handshake failed
  std::string_view method, path;    // with the names of path parameters, not their values; empty: the request line was not read
  std::string_view owner;           // of the route; empty: no route
  std::string_view suggested_path;  // with 404: the path that was probably meant
  std::string_view remote;
  std::string_view why;  // first line of a refusal; with status 0: the TLS error
};

// Callbacks from any thread, sometimes with a lock of the server held: they must not call the server.
struct ServerEvents {
  std::function<void(Shed)> shed;
  std::function<void()> out_of_descriptors;  // an accept failed for want of file descriptors
  std::function<void(const AccessRecord&)> answered;
};

struct ListenConfig {
  std::string address;  // "127.0.0.1:6000", "[::]:6000", "unix:/run/belfry/admin.sock"; port 0: any free port
  std::optional<ServerTls> tls;
};

class HttpServer {
 public:
  HttpServer(Runtime& runtime, Router& router, ServerLimits limits, base::Logger log, ServerEvents events = {});
  ~HttpServer();  // stops and waits for running handlers; must not be called from a handler

  // Bound and listening, not accepting yet; connections queue in the backlog. Closes when destroyed without replace_listeners().
  class ListenSocket {
   public:
    struct State;
    explicit ListenSocket(std::unique_ptr<State> state);
    ListenSocket(ListenSocket&&) noexcept;
    ListenSocket& operator=(ListenSocket&&) noexcept;
    ~ListenSocket();

   private:
    friend class HttpServer;
    std::unique_ptr<State> state_;
  };

  // Binds and listens, and loads the TLS files. For an address that this server already listens on, as configured, returns the existing
  // socket. Takes effect with replace_listeners(). The error names the address and the fix ("port 6000 is in use by another program; ...").
  [[nodiscard]] base::Result<ListenSocket> open(const ListenConfig& where) const;
  // Accepts on these sockets only. Existing sockets keep their connections, and new connections use the TLS files as loaded by open().
  // Connections end after their current response if the TLS settings of their socket have changed or the socket is not in the list.
  void replace_listeners(std::vector<ListenSocket> listen_sockets);
  // Until end_port_handover(), open() may bind a port that another listening socket still holds, for example on another interface, if that
  // socket's server is in a handover as well. The old socket is about to close, and no connection is refused in between. Sockets in
  // `except` do not share their port.
  void begin_port_handover(const std::vector<std::string>& except);  // addresses as configured
  void end_port_handover();
  // Connections over a lower limit stay until they are displaced or end.
  void limit_connections(std::size_t total, std::size_t per_address);
  void limit_body_memory(std::size_t bytes);
  // Closes the connection that has been idle the longest; false: every connection is handling a request.
  bool shed_one();

  // The bound addresses with their actual ports: "127.0.0.1:43211".
  [[nodiscard]] std::vector<std::string> addresses() const;
  // Closes the listeners and idle connections, and ends the others with Connection: close after their current response. Calls `done` after
  // the last connection has closed. The file of a Unix socket is removed when drain() or stop() returns.
  void drain(Task done);
  void stop();  // closes everything now; calls no further handler

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace belfry::net
