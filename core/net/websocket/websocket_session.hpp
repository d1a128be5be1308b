// Runs the WebSocket protocol on a connected stream, from the handshake to the close. Private to core/net.
// Thread rule: on the stream's strand, except construction. Ownership: keeps itself alive until its closed event.
#pragma once
#include <boost/asio/cancellation_signal.hpp>
#include <memory>

#include "net/event.hpp"
#include "net/stream.hpp"
#include "net/url.hpp"
#include "net/websocket/websocket_client.hpp"
#include "net/websocket/websocket_liveness.hpp"
#include "net/websocket/websocket_outbox.hpp"

namespace belfry::net {

class WebSocketSession : public std::enable_shared_from_this<WebSocketSession> {
 public:
  // The session opens and closes `outbox`. Call flush() after a push.
  WebSocketSession(std::shared_ptr<Stream> stream, WebSocketRequest request, Url url, std::shared_ptr<WebSocketOutbox> outbox,
                   WebSocketHandler handler);
  ~WebSocketSession();

  void start(base::SteadyTime deadline);  // of the handshake
  void receive(std::uint64_t messages);
  void flush();
  void close(std::uint16_t code, std::string reason);

 private:
  struct Protocol;  // holds Beast's stream, kept in one .cpp because it is slow to compile
  struct CloseFrame {
    std::uint16_t code = 0;
    std::string reason;
  };

  void spawn(Awaitable<void> (*routine)(std::shared_ptr<WebSocketSession>), asio::cancellation_signal& cancel);
  static Awaitable<void> run(std::shared_ptr<WebSocketSession> self);
  static Awaitable<void> write_out(std::shared_ptr<WebSocketSession> self);
  static Awaitable<void> keep_alive(std::shared_ptr<WebSocketSession> self);
  static Awaitable<void> ping(std::shared_ptr<WebSocketSession> self);
  static Awaitable<void> hang_up(std::shared_ptr<WebSocketSession> self);

  Awaitable<bool> handshake();
  Awaitable<void> wait_for_credit();
  Awaitable<bool> read_message();
  Awaitable<void> send_close();
  void set_deadline(base::SteadyTime deadline, std::string detail);
  void on_error(error_code ec);  // a failed operation, as opposed to a reached limit
  void finish(WebSocketEvent event, bool answered);
  [[nodiscard]] WebSocketEvent failure(ClientError::Kind kind, std::string what) const;
  [[nodiscard]] WebSocketEvent closed_event(error_code ec) const;

  const WebSocketRequest request_;
  const Url url_;
  const std::shared_ptr<Stream> stream_;
  const std::shared_ptr<WebSocketOutbox> outbox_;
  WebSocketHandler handler_;
  const std::unique_ptr<Protocol> protocol_;
  std::optional<Liveness> liveness_;  // once it is open
  SteadyTimer deadline_timer_;        // of the handshake, then of the close
  Event credit_changed_;              // wakes wait_for_credit
  Event liveness_changed_;            // wakes keep_alive
  Event returned_;                    // wakes hang_up
  asio::cancellation_signal cancel_reading_, cancel_writing_, cancel_keep_alive_, cancel_ping_, cancel_hanging_up_;
  std::uint64_t credit_ = 0;               // messages requested and not delivered yet
  std::optional<CloseFrame> close_frame_;  // to be sent, or sent
  int routines_ = 0;                       // running coroutines
  bool writing_ = false;
  bool reading_ = false;
  bool ended_ = false;
};

}  // namespace belfry::net
