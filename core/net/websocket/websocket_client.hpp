// WebSocket client (RFC 6455): TLS, proxy and certificates as for HTTP, deadlines and size limits throughout, no extensions, no redirects,
// no retries.
// Thread rule: any thread. The handler is called on the runtime's threads, in the order of the events, never concurrently.
// Ownership: a connection lives until its closed event, even if the caller releases it and the client. The runtime outlives both.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "net/client/http_client.hpp"

namespace belfry::net {

struct WebSocketRequest {
  std::string url;                    // absolute, ws or wss
  std::filesystem::path unix_socket;  // connect here instead of to the host of the URL
  Headers headers;                    // handshake headers are ignored: the client sets them
  base::Millis timeout{10'000};       // from connect() to the open event
  base::Millis ping_interval{20'000};
  base::Millis pong_timeout{10'000};      // closes if nothing at all arrives for this long after a ping
  base::Millis idle_timeout{0};           // closes after this long without a message or a ping from the peer; 0: no limit
  base::Millis close_timeout{5'000};      // from close() to the closed event
  std::size_t max_message = 1024 * 1024;  // bytes of one incoming message, and of all queued outgoing ones
};

struct WebSocketEvent {
  enum class Kind { open, text, binary, closed };
  Kind kind = Kind::closed;
  std::string data;                        // the whole message; closed: the peer's reason
  std::uint16_t close_code = 0;            // closed: the peer's code; 1005: its close frame had none; 0: no close frame arrived
  int http_status = 0;                     // closed: the status of the handshake response if it was not 101
  std::optional<ClientError::Kind> error;  // closed; none: a regular close, or see http_status
  std::string detail;                      // closed: one sentence, empty for a regular close; names the host, never the headers
};

using WebSocketHandler = std::move_only_function<void(WebSocketEvent)>;  // the last call is always the closed event

class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // Allows this many more messages to be received. A new connection receives none.
  virtual void receive(std::uint32_t messages) = 0;
  // False: not open, or the outgoing queue is full. The text must be UTF-8.
  [[nodiscard]] virtual bool send_text(std::string text) = 0;
  // Sends the queued texts, then a close frame, and waits for the peer's; drops other messages. Only the first call has an effect.
  virtual void close(std::uint16_t code, std::string reason) = 0;
};

// An interface, so that tests can use fakes.
class WebSocketClient {
 public:
  virtual ~WebSocketClient() = default;
  virtual std::shared_ptr<WebSocket> connect(WebSocketRequest request, WebSocketHandler handler) = 0;
};

// Fails if a file of the transport cannot be used: an unreadable CA file, a key that does not match the certificate.
[[nodiscard]] base::Result<std::unique_ptr<WebSocketClient>> make_websocket_client(Runtime& runtime, const ClientTransport& transport);

}  // namespace belfry::net
