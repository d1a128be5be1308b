// The WebSocket protocol over a connected stream, from the handshake to the end. Private to core/net.
// Thread rule: on the stream's strand, but for the construction. Ownership: keeps itself alive until its closed event.
#pragma once
#include <boost/asio/cancellation_signal.hpp>
#include <memory>

#include "net/stream.hpp"
#include "net/timeout.hpp"
#include "net/url.hpp"
#include "net/websocket_client.hpp"
#include "net/websocket_liveness.hpp"
#include "net/websocket_outbox.hpp"

namespace belfry::net {

class WebSocketSession : public std::enable_shared_from_this<WebSocketSession> {
 public:
  // `outbox` is opened and shut here; whoever fills it says so with flush().
  WebSocketSession(std::shared_ptr<Stream> stream, WebSocketRequest request, Url url, std::shared_ptr<WebSocketOutbox> outbox,
                   WebSocketHandler handler);
  ~WebSocketSession();

  void start(base::SteadyTime deadline);  // until it is open
  void receive(std::uint64_t messages);
  void flush();
  void close(std::uint16_t code, std::string reason);

 private:
  struct Protocol;  // Beast's, in one .cpp because it is slow to compile
  struct Goodbye {
    std::uint16_t code = 0;
    std::string reason;
  };

  void spawn(Awaitable<void> (*routine)(std::shared_ptr<WebSocketSession>), asio::cancellation_signal& cancel);
  static Awaitable<void> run(std::shared_ptr<WebSocketSession> self);
  static Awaitable<void> write_out(std::shared_ptr<WebSocketSession> self);
  static Awaitable<void> keep_alive(std::shared_ptr<WebSocketSession> self);
  static Awaitable<void> ping(std::shared_ptr<WebSocketSession> self);
  static Awaitable<void> hang_up(std::shared_ptr<WebSocketSession> self);

  Awaitable<bool> shake_hands();
  Awaitable<void> wait_until_asked();
  Awaitable<bool> read_message();
  Awaitable<void> say_goodbye();
  void limit(base::SteadyTime deadline, std::string detail);
  void ended(error_code ec);  // by itself, not by a limit
  void conclude(WebSocketEvent event, bool answered);
  [[nodiscard]] WebSocketEvent failure(ClientError::Kind kind, std::string what) const;
  [[nodiscard]] WebSocketEvent explain(error_code ec) const;

  const WebSocketRequest request_;
  const Url url_;
  const std::shared_ptr<Stream> stream_;
  const std::shared_ptr<WebSocketOutbox> outbox_;
  WebSocketHandler handler_;
  const std::unique_ptr<Protocol> protocol_;
  std::optional<Liveness> liveness_;  // once it is open
  SteadyTimer limit_;                 // of the handshake, then of the close
  Event asked_;                       // wakes the reading
  Event pulse_;                       // wakes keep_alive
  Event returned_;                    // wakes hang_up
  asio::cancellation_signal cancel_reading_, cancel_writing_, cancel_pulse_, cancel_ping_, cancel_hanging_up_;
  std::uint64_t wanted_ = 0;        // messages asked for and not given
  std::optional<Goodbye> goodbye_;  // to be said, or said
  int routines_ = 0;                // that have not returned
  bool writing_ = false;
  bool reading_ = false;
  bool ended_ = false;
};

}  // namespace belfry::net
