// HTTP/1.1 on TCP, TLS or a Unix socket: keep-alive, pipelining, limits, slow-client deadlines.
// What it answers by itself: 400 and close for bad HTTP, 404/405 from the router, 408 for a slow request, 413 with a bounded lingering
// read, 431 for a long header, 417/100-continue, 500 for a reply that was dropped, 501 for an unknown transfer coding, 503 + Retry-After
// while draining, over `max_connections` or without a reply in time. The requests of one connection are handled one after the other.
// Thread rule: start, drain and stop from any thread. Ownership: the runtime and the router outlive the server; a
// Reply may outlive it and is then without effect.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
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
};

struct ServerLimits {
  std::size_t max_header = 16 * 1024;  // bytes
  std::size_t max_connections = 1024;
  base::Millis idle{120'000};    // between requests; Go clients keep theirs for 90 s
  base::Millis request{30'000};  // from the first byte of a request to its last
  base::Millis handler{30'000};  // for the handler to reply; then 503
  base::Millis write{30'000};
  base::Millis tls_handshake{10'000};
  std::size_t linger_bytes = 4 * 1024 * 1024;  // read and dropped after 413 so that the client sees it
  base::Millis linger{2'000};
};

struct Listen {
  std::string address;  // "127.0.0.1:6000", "[::]:6000", "unix:/run/belfry/admin.sock"; port 0 takes a free one
  std::optional<ServerTls> tls;
};

// Listening sockets without a server: one server leaves them, the next one takes over those that it is configured for, and whoever
// connects in between waits. The rest is closed with this object. Thread rule: none of its own.
class OpenDoors {
 public:
  OpenDoors();
  OpenDoors(OpenDoors&&) noexcept;
  OpenDoors& operator=(OpenDoors&&) noexcept;
  ~OpenDoors();

  void add(OpenDoors more);
  void close_all_but(const std::vector<std::string>& addresses);  // as configured

 private:
  friend class HttpServer;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class HttpServer {
 public:
  HttpServer(Runtime& runtime, Router& router, ServerLimits limits, base::Logger log);
  ~HttpServer();  // stops, and waits for handlers that are running: none runs afterwards. Not from a handler.

  // Binds and listens. The error names the address and what to do ("port 6000 is in use by another program; ...").
  [[nodiscard]] base::Result<void> listen(const Listen& where);
  // The same; a door that was left open with that address is taken over.
  [[nodiscard]] base::Result<void> listen(const Listen& where, OpenDoors& left);
  // What was bound, with the port that was taken: "127.0.0.1:43211".
  [[nodiscard]] std::vector<std::string> addresses() const;
  void start();  // after the last listen()
  // Accepts no more connections and leaves the sockets to the next server, whose clients wait from now on. `done` when the last connection
  // that was accepted here is a session; then drain(), which after this answers what still comes instead of refusing it.
  [[nodiscard]] OpenDoors leave_doors_open(Task done);
  // Closes the listeners and idle connections, answers what is being handled with Connection: close; `done` when the last connection
  // went. The file of a Unix socket is gone when drain() or stop() returns.
  void drain(Task done);
  void stop();  // closes everything now; no handler is called any more

  struct Impl;

 private:
  [[nodiscard]] base::Result<void> listen(const Listen& where, OpenDoors* left);

  std::shared_ptr<Impl> impl_;
};

}  // namespace belfry::net
