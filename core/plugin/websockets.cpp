#include "plugin/websockets.hpp"

#include <algorithm>
#include <optional>

namespace belfry::plugin {

bool WebSockets::begin(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  return lines_.size() < kMost && lines_.try_emplace(ticket).second;
}

void WebSockets::end(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  lines_.erase(ticket);
}

// Then reads what has become possible.
template <class Change>
void WebSockets::change(Ticket ticket, Change apply) {
  std::shared_ptr<net::WebSocket> socket;
  std::uint32_t more = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = lines_.find(ticket);
    if (found == lines_.end()) return;
    Line& line = found->second;
    apply(line);
    socket = line.socket;
    if (!socket) return;
    more = static_cast<std::uint32_t>(std::min<std::uint64_t>(line.asked, kAhead - line.ahead));
    line.asked -= more;
    line.ahead += more;
  }
  if (more > 0) socket->receive(more);
}

void WebSockets::connecting(Ticket ticket, std::shared_ptr<net::WebSocket> socket) {
  std::optional<Goodbye> goodbye;
  change(ticket, [&](Line& line) {
    line.socket = socket;
    goodbye = std::move(line.goodbye);
  });
  if (goodbye) socket->close(goodbye->code, std::move(goodbye->reason));
}

void WebSockets::ask(Ticket ticket, std::uint32_t messages) {
  change(ticket, [&](Line& line) { line.asked += messages; });
}

void WebSockets::taken(Ticket ticket) {
  change(ticket, [](Line& line) { --line.ahead; });
}

bool WebSockets::send_text(Ticket ticket, std::string text) {
  std::shared_ptr<net::WebSocket> socket;
  change(ticket, [&](const Line& line) { socket = line.socket; });
  return socket && socket->send_text(std::move(text));
}

void WebSockets::close(Ticket ticket, std::uint16_t code, std::string reason) {
  std::shared_ptr<net::WebSocket> socket;
  change(ticket, [&](Line& line) {
    socket = line.socket;
    if (!socket) line.goodbye = Goodbye{code, reason};
  });
  if (socket) socket->close(code, std::move(reason));
}

}  // namespace belfry::plugin
