// The WebSocket connections of one sink, by ticket. Limits their number and the messages on the way to the plugin: a message is read
// from the peer only when the plugin has requested it and has received all but a few of the earlier ones. A plugin that requests more than
// it can process, or hangs, cannot use up the memory.
// Thread rule: any thread. Nothing is called with the lock held.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "net/websocket/websocket_client.hpp"
#include "plugin/run/tickets.hpp"

namespace belfry::plugin {

class WebSockets {
 public:
  static constexpr std::uint32_t kMaxInFlight = 4;  // messages between the peer and the plugin

  // False when BELFRY_MAX_WEBSOCKETS are open. Called before the connection exists, so that calls with the ticket are not lost meanwhile.
  [[nodiscard]] bool begin(Ticket ticket);
  void attach(Ticket ticket, std::shared_ptr<net::WebSocket> socket);
  void end(Ticket ticket);

  // An unknown ticket belongs to a connection that has ended, and is ignored.
  void request(Ticket ticket, std::uint32_t messages);
  void consumed(Ticket ticket);  // the plugin has received a message
  [[nodiscard]] bool send_text(Ticket ticket, std::string text);
  void close(Ticket ticket, std::uint16_t code, std::string reason);

 private:
  struct PendingClose {
    std::uint16_t code = 0;
    std::string reason;
  };
  struct Connection {
    std::shared_ptr<net::WebSocket> socket;     // null: not attached yet
    std::uint64_t requested = 0;                // by the plugin, not read yet
    std::uint32_t in_flight = 0;                // being read, or on the way to the plugin
    std::optional<PendingClose> pending_close;  // requested before the socket was attached
  };

  template <class Change>
  void change(Ticket ticket, Change apply);

  std::mutex mutex_;
  std::map<Ticket, Connection> connections_;
};

}  // namespace belfry::plugin
