// The WebSocket connections of one instance, by ticket: how many there are, and how much may be on its way to the plugin. A message is
// read from the peer only when the plugin has asked for it and has had all but a few of those before: a plugin that asks for more than it
// can take, or hangs, fills no memory.
// Thread rule: any thread. Nothing is called while the lock is held.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "net/websocket_client.hpp"
#include "plugin/tickets.hpp"

namespace belfry::plugin {

class WebSockets {
 public:
  static constexpr std::size_t kMost = 16;
  static constexpr std::uint32_t kAhead = 4;  // messages between the peer and the plugin

  // False when there are kMost. Before the connection exists, so that nothing that is said about the ticket meanwhile is lost.
  [[nodiscard]] bool begin(Ticket ticket);
  void connecting(Ticket ticket, std::shared_ptr<net::WebSocket> socket);
  void end(Ticket ticket);

  // An unknown ticket is of a connection that has ended.
  void ask(Ticket ticket, std::uint32_t messages);
  void taken(Ticket ticket);  // the plugin has had a message
  [[nodiscard]] bool send_text(Ticket ticket, std::string text);
  void close(Ticket ticket, std::uint16_t code, std::string reason);

 private:
  struct Goodbye {
    std::uint16_t code = 0;
    std::string reason;
  };
  struct Line {
    std::shared_ptr<net::WebSocket> socket;  // null: not yet
    std::uint64_t asked = 0;                 // by the plugin, and not read yet
    std::uint32_t ahead = 0;                 // being read, or on the way to the plugin
    std::optional<Goodbye> goodbye;          // said before there was a socket
  };

  template <class Change>
  void change(Ticket ticket, Change apply);

  std::mutex mutex_;
  std::map<Ticket, Line> lines_;
};

}  // namespace belfry::plugin
