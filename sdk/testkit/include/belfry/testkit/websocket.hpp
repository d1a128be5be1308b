// Scripted WebSocket connections: what a sink asked for and sent, and the peer's side of it. Like all of the test kit, nothing comes by
// itself: what the peer does here reaches the sink with FakeHost::run() or advance().
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

class FakeHost;

// What becomes of the handshake.
struct Handshake {
  enum class Kind { accepted, refused, failed, held };
  Kind kind = Kind::accepted;
  int status = 101;
  HttpError error = HttpError::none;
  Millis after{0};

  static Handshake accept() { return {}; }
  // Answered with this status, which is not 101.
  static Handshake refuse(int status) { return {.kind = Kind::refused, .status = status}; }
  static Handshake fail(HttpError error) { return {.kind = Kind::failed, .error = error}; }
  // Nothing comes: until FakeWebSocket::answer, or until the time limit of the request.
  static Handshake hold() { return {.kind = Kind::held}; }
  // The same, later by the fake clock.
  [[nodiscard]] Handshake delayed(Millis by) const {
    Handshake copy = *this;
    copy.after = by;
    return copy;
  }
};

// One connection, from the sink's request to its end and beyond. Lives as long as the host.
class FakeWebSocket {
 public:
  enum class State { connecting, open, closing /* the sink has closed */, closed };

  FakeWebSocket(FakeHost& host, belfry_ticket ticket, WebSocketRequest request);
  FakeWebSocket(const FakeWebSocket&) = delete;
  FakeWebSocket& operator=(const FakeWebSocket&) = delete;

  // ---- What the sink did
  [[nodiscard]] const WebSocketRequest& request() const { return request_; }
  [[nodiscard]] const std::string& url() const { return request_.url; }
  [[nodiscard]] std::string_view header(std::string_view name) const { return find_header(request_.headers, name); }
  [[nodiscard]] State state() const { return state_; }
  // The texts so far, in order; those that were refused are not among them.
  [[nodiscard]] const std::vector<std::string>& sent() const { return sent_; }
  struct Close {
    std::uint32_t code = 0;
    std::string reason;
  };
  // By the sink: with close(), or because it let go of the connection.
  [[nodiscard]] const std::optional<Close>& closed_by_sink() const { return closed_by_sink_; }
  // Messages of the peer that wait because the sink has not asked for more.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  // ---- What the peer does
  void answer(const Handshake& handshake);  // once, after hold()
  void push_text(std::string text) { push(BELFRY_WEBSOCKET_TEXT, std::move(text)); }
  void push_binary(std::string data) { push(BELFRY_WEBSOCKET_BINARY, std::move(data)); }
  // The peer closes in an orderly way, after what it has sent.
  void close(std::uint32_t code = 1000, std::string reason = {});
  // The connection breaks: closed (it was cut), timeout (no pong came), too_large, malformed. What had not been read is lost.
  void drop(HttpError error);
  // With true, send() of the sink fails: too much waits to go out.
  void clog(bool clogged) { clogged_ = clogged; }
  // With true, the peer never answers the sink's close: the host gives up after 5 s.
  void ignore_close(bool ignored) { ignores_close_ = ignored; }

 private:
  friend class FakeHost;

  void push(std::uint32_t kind, std::string data);
  void open();
  void end(Millis after, WebSocketEvent event);
  void pass_on();

  // What the host's functions do.
  void on_receive(std::uint32_t messages);
  bool on_send(std::string_view text);
  void on_close(std::uint32_t code, std::string_view reason);

  FakeHost& host_;
  const belfry_ticket ticket_;
  const WebSocketRequest request_;
  State state_ = State::connecting;
  bool answered_ = false;
  bool clogged_ = false;
  bool ignores_close_ = false;
  std::uint64_t asked_ = 0;  // messages that the sink has asked for and not got
  std::deque<std::pair<std::uint32_t, std::string>> waiting_;
  std::optional<WebSocketEvent> last_;  // behind those that wait
  std::vector<std::string> sent_;
  std::optional<Close> closed_by_sink_;
};

using HandshakeRule = std::function<Handshake(const FakeWebSocket&)>;

}  // namespace belfry::testkit
