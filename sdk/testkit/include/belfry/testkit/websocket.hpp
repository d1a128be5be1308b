// Scripted WebSocket connections: what a sink requests and sends, and the peer's side. As in all of the test kit, nothing happens by
// itself: the peer's actions reach the sink with FakeHost::run() or advance().
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belfry/sdk.hpp"

namespace belfry::testkit {

struct FakeState;

// The peer's answer to a handshake.
struct Handshake {
  enum class Kind { accepted, refused, failed, held };
  Kind kind = Kind::accepted;
  int status = 101;
  HttpError error = HttpError::none;
  Millis after{0};

  static Handshake accept() { return {}; }
  // Answers with `status`, which must not be 101.
  static Handshake refuse(int status) { return {.kind = Kind::refused, .status = status}; }
  static Handshake fail(HttpError error) { return {.kind = Kind::failed, .error = error}; }
  // No answer until FakeWebSocket::respond, or until the request times out.
  static Handshake hold() { return {.kind = Kind::held}; }
  // The same answer, later by the fake clock.
  [[nodiscard]] Handshake delayed(Millis by) const {
    Handshake copy = *this;
    copy.after = by;
    return copy;
  }
};

// One connection, from the sink's request until after its end. Lives as long as the host.
class FakeWebSocket {
 public:
  enum class State { connecting, open, closing /* the sink has closed */, closed };

  FakeWebSocket(FakeState& host, belfry_ticket ticket, WebSocketRequest request);
  FakeWebSocket(const FakeWebSocket&) = delete;
  FakeWebSocket& operator=(const FakeWebSocket&) = delete;

  // ---- The sink's side
  [[nodiscard]] const WebSocketRequest& request() const { return request_; }
  [[nodiscard]] const std::string& url() const { return request_.url; }
  [[nodiscard]] std::string_view header(std::string_view name) const { return find_header(request_.headers, name); }
  [[nodiscard]] State state() const { return state_; }
  // Texts sent so far, in order, without those that were refused.
  [[nodiscard]] const std::vector<std::string>& sent() const { return sent_; }
  struct Close {
    std::uint32_t code = 0;
    std::string reason;
  };
  // Set if the sink closed the connection: with close(), by cancelling it, or by stopping.
  [[nodiscard]] const std::optional<Close>& closed_by_sink() const { return closed_by_sink_; }
  // Number of messages from the peer that the sink has not requested yet.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  // ---- The peer's side
  void respond(const Handshake& handshake);  // once, after hold()
  void push_text(std::string text) { push(BELFRY_WEBSOCKET_TEXT, std::move(text)); }
  void push_binary(std::string data) { push(BELFRY_WEBSOCKET_BINARY, std::move(data)); }
  // Closes the connection cleanly, after the messages sent before.
  void close(std::uint32_t code = 1000, std::string reason = {});
  // Breaks the connection: closed (cut), timeout (no pong), too_large, malformed. Unread messages are lost.
  void drop(HttpError error);
  // With `failing`, the sink's send() fails, as if too much were queued.
  void fail_sends(bool failing) { sends_fail_ = failing; }
  // With `ignored`, the peer never answers the sink's close, and the host gives up after 5 s.
  void ignore_close(bool ignored) { ignores_close_ = ignored; }

 private:
  friend struct FakeState;

  void push(std::uint32_t kind, std::string data);
  void open();
  void end(Millis after, WebSocketEvent event);
  void deliver_pending();

  // Called for the host's C functions.
  void on_receive(std::uint32_t messages);
  bool on_send(const std::string& text);
  void on_close(std::uint32_t code, const std::string& reason);
  // The ticket has ended without an event: cancelled, or the sink has stopped.
  void on_end();

  FakeState& host_;
  const belfry_ticket ticket_;
  const WebSocketRequest request_;
  State state_ = State::connecting;
  bool answered_ = false;
  bool sends_fail_ = false;
  bool ignores_close_ = false;
  std::uint64_t requested_ = 0;  // messages that the sink has requested and not received
  std::deque<std::pair<std::uint32_t, std::string>> waiting_;
  std::optional<WebSocketEvent> last_;  // the peer's close, delivered after the waiting messages
  std::vector<std::string> sent_;
  std::optional<Close> closed_by_sink_;
};

using HandshakeRule = std::function<Handshake(const FakeWebSocket&)>;

}  // namespace belfry::testkit
