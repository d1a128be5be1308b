#include "plugin/run/websockets.hpp"

#include <belfry/plugin.h>

#include <algorithm>
#include <optional>

namespace belfry::plugin {

bool WebSockets::begin(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  return connections_.size() < BELFRY_MAX_WEBSOCKETS && connections_.try_emplace(ticket).second;
}

void WebSockets::end(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  connections_.erase(ticket);
}

// Applies the change, then reads as many messages as are now allowed.
template <class Change>
void WebSockets::change(Ticket ticket, Change apply) {
  std::shared_ptr<net::WebSocket> socket;
  std::uint32_t more = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(ticket);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    apply(connection);
    socket = connection.socket;
    if (!socket) return;
    more = static_cast<std::uint32_t>(std::min<std::uint64_t>(connection.requested, kMaxInFlight - connection.in_flight));
    connection.requested -= more;
    connection.in_flight += more;
  }
  if (more > 0) socket->receive(more);
}

void WebSockets::attach(Ticket ticket, std::shared_ptr<net::WebSocket> socket) {
  std::optional<PendingClose> pending_close;
  change(ticket, [&](Connection& connection) {
    connection.socket = socket;
    pending_close = std::move(connection.pending_close);
  });
  if (pending_close) socket->close(pending_close->code, std::move(pending_close->reason));
}

void WebSockets::request(Ticket ticket, std::uint32_t messages) {
  change(ticket, [&](Connection& connection) { connection.requested += messages; });
}

void WebSockets::consumed(Ticket ticket) {
  change(ticket, [](Connection& connection) { --connection.in_flight; });
}

bool WebSockets::send_text(Ticket ticket, std::string text) {
  std::shared_ptr<net::WebSocket> socket;
  change(ticket, [&](const Connection& connection) { socket = connection.socket; });
  return socket && socket->send_text(std::move(text));
}

void WebSockets::close(Ticket ticket, std::uint16_t code, std::string reason) {
  std::shared_ptr<net::WebSocket> socket;
  change(ticket, [&](Connection& connection) {
    socket = connection.socket;
    if (!socket) connection.pending_close = PendingClose{code, reason};
  });
  if (socket) socket->close(code, std::move(reason));
}

}  // namespace belfry::plugin
