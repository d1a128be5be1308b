// WebSocket connections (RFC 6455), client side: TLS, proxy and certificates as for HTTP, deadlines on everything, size caps, no
// extensions, no redirects, and no second attempt.
// Thread rule: any thread. The handler is called on one of the runtime's threads, never twice at once, in the order of what happened.
// Ownership: a connection lives until its closed event, whoever lets go of it and of the client meanwhile. The runtime outlives both.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "net/http_client.hpp"

namespace belfry::net {

struct WebSocketRequest {
  std::string url;                    // absolute, ws or wss
  std::filesystem::path unix_socket;  // connect here instead of to the host of the URL
  Headers headers;                    // those of the handshake itself are the client's: given ones are left out
  base::Millis timeout{10'000};       // until it is open
  base::Millis ping_interval{20'000};
  base::Millis pong_timeout{10'000};      // nothing at all came after a ping: closed
  base::Millis idle_timeout{0};           // no message and no ping from the peer for so long: closed; 0: no limit
  base::Millis close_timeout{5'000};      // from close() to the closed event
  std::size_t max_message = 1024 * 1024;  // bytes of one that comes, and of those that wait to go out
};

struct WebSocketEvent {
  enum class Kind { open, text, binary, closed };
  Kind kind = Kind::closed;
  std::string data;                        // the whole message; of closed: the reason that the peer gave
  std::uint16_t close_code = 0;            // of closed: the peer's; 1005: it gave none; 0: no close frame came
  int http_status = 0;                     // of closed: what the handshake was answered with instead of 101
  std::optional<ClientError::Kind> error;  // of closed; none: in an orderly way, or see http_status
  std::string detail;                      // of closed: one sentence, empty when orderly; names the host, never the headers
};

using WebSocketHandler = std::move_only_function<void(WebSocketEvent)>;  // closed is the last call, and always comes

class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // Lets so many more messages come. None is read unasked.
  virtual void receive(std::uint32_t messages) = 0;
  // False: not open, or too much waits to go out already. The text is UTF-8.
  [[nodiscard]] virtual bool send_text(std::string text) = 0;
  // Sends what waits, then a close frame, and waits for the peer's; what else comes is dropped. Only the first call counts.
  virtual void close(std::uint16_t code, std::string reason) = 0;
};

// The seam: fakes implement it.
class WebSocketClient {
 public:
  virtual ~WebSocketClient() = default;
  virtual std::shared_ptr<WebSocket> connect(WebSocketRequest request, WebSocketHandler handler) = 0;
};

// The error is about the transport's files: a CA file that cannot be read, a key that does not fit.
[[nodiscard]] base::Result<std::unique_ptr<WebSocketClient>> make_websocket_client(Runtime& runtime, const ClientTransport& transport);

}  // namespace belfry::net
