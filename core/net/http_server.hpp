// HTTP/1.1 on TCP, TLS or a Unix socket: keep-alive, pipelining, limits, slow-client deadlines.
// What it answers by itself: 400 and close for bad HTTP, 404/405 from the router, 408 for a slow request, 413 with a bounded lingering
// read, 431 for a long header, 417/100-continue, 500 for a reply that was dropped, 501 for an unknown transfer coding, 503 + Retry-After
// while draining, without a reply in time, or without room. At the limit of connections the one that has been idle the longest is closed
// (connection_table.hpp); bodies share a budget of memory (body_budget.hpp), and are read only when the route admits the head of the
// request. The requests of one connection are handled one after the other.
// Thread rule: open, use and the lending of ports from one thread, the rest from any. Ownership: the runtime and the router outlive the
// server; a Reply may outlive it and is then without effect.
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
#include "net/router.hpp"

namespace belfry::net {

struct ServerTls {
  std::filesystem::path certificate;  // PEM, the whole chain
  std::filesystem::path key;          // PEM
  std::filesystem::path client_ca;    // PEM; when set, a client certificate signed by it is required
  bool operator==(const ServerTls&) const = default;
};

struct ServerLimits {
  std::size_t max_header = 16 * 1024;  // bytes
  std::size_t max_connections = 1024;
  std::size_t max_connections_per_address = 0;     // of one IPv4 address or IPv6 /64; 0: unbounded
  std::size_t max_body_memory = 64 * 1024 * 1024;  // bytes, of all bodies together
  base::Millis first_request{10'000};              // from the accept to the end of the first header, a TLS handshake included
  base::Millis idle{120'000};                      // between requests; Go clients keep theirs for 90 s
  base::Millis head{10'000};                       // from the first byte of a request to the end of its header
  base::Millis request{30'000};                    // from the first byte of a request to its last
  base::Millis body_wait{10'000};                  // for memory; then 503
  base::Millis handler{30'000};                    // for the handler to reply; then 503
  base::Millis write{30'000};
  base::Millis tls_handshake{10'000};
  std::size_t linger_bytes = 4 * 1024 * 1024;  // read and dropped after 413 so that the client sees it
  base::Millis linger{2'000};
};

// What happens to a connection or a request for want of room.
enum class Shed : std::uint8_t {
  displaced,             // idle, closed at max_connections
  displaced_by_address,  // idle, closed at max_connections_per_address
  refused,               // 503: all others have requests in hand
  dropped,               // closed without an answer: too many are being refused already
  descriptors,           // idle, closed because the process has no descriptors left
  body_memory,           // 503: no memory for the body
};
inline constexpr std::size_t kShedCount = 6;
[[nodiscard]] std::string_view to_string(Shed what);

// One answer as it is sent. What it refers to holds during the call.
struct ServerAnswer {
  int status = 0;                 // 0: the TLS handshake failed, and there is none
  std::string_view method, path;  // empty: the request was not read so far
  std::string_view owner;         // of the route; empty: there is none
  std::string_view meant;         // nothing is served at the path, but here
  std::string_view remote;
  std::string_view why;  // the first line of a refusal
};

// Called from any thread, sometimes with a lock of the server held: they must not call it.
struct ServerEvents {
  std::function<void(Shed)> shed;
  std::function<void()> out_of_descriptors;  // accepting failed
  std::function<void(const ServerAnswer&)> answered;
};

struct Listen {
  std::string address;  // "127.0.0.1:6000", "[::]:6000", "unix:/run/belfry/admin.sock"; port 0 takes a free one
  std::optional<ServerTls> tls;
};

class HttpServer {
 public:
  HttpServer(Runtime& runtime, Router& router, ServerLimits limits, base::Logger log, ServerEvents events = {});
  ~HttpServer();  // stops, and waits for handlers that are running: none runs afterwards. Not from a handler.

  // A listening socket of a server that accepts nobody yet: whoever connects waits. Closed again unless it is used.
  class Door {
   public:
    struct State;
    explicit Door(std::unique_ptr<State> state);
    Door(Door&&) noexcept;
    Door& operator=(Door&&) noexcept;
    ~Door();

   private:
    friend class HttpServer;
    std::unique_ptr<State> state_;
  };

  // Binds and listens; an address that is in use here already (as configured) gives the door that it has, with the TLS files as they are
  // now. Changes nothing yet. The error names the address and what to do ("port 6000 is in use by another program; ...").
  [[nodiscard]] base::Result<Door> open(const Listen& where) const;
  // Accepts at these doors and at no others. Those that were used before keep their connections; TLS files that are new hold for the next
  // ones, other TLS settings end the present ones after the answer that each is working on. So ends what came through a door that is gone.
  void use(std::vector<Door> doors);
  // Until keep_ports(): open() may take a port, on another interface perhaps, which a door of any server that lends it has. That door is
  // about to go, and no connection is refused in between.
  void lend_ports(const std::vector<std::string>& but_those_of);  // addresses as configured
  void keep_ports();
  // Connections over a lower limit stay until they are displaced or end.
  void limit_connections(std::size_t total, std::size_t per_address);
  void limit_body_memory(std::size_t bytes);
  // Closes the connection that has been idle the longest; false: all of them have requests in hand.
  bool shed_one();

  // What was bound, with the port that was taken: "127.0.0.1:43211".
  [[nodiscard]] std::vector<std::string> addresses() const;
  // Closes the listeners and idle connections, answers what is being handled with Connection: close; `done` when the last connection
  // went. The file of a Unix socket is gone when drain() or stop() returns.
  void drain(Task done);
  void stop();  // closes everything now; no handler is called any more

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace belfry::net
