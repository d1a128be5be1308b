// WebSocket connections through the host, which handles TLS, proxies, framing and pings. Reconnecting is up to the sink.
//
//     auto connected = co_await websocket().connect(belfry::WebSocketRequest(url));
//     if (!connected) co_return;  // the reason is in connected.error()
//     for (;;) {
//       const auto event = co_await connected->next();
//       if (event.kind == belfry::WebSocketEvent::Kind::closed) break;
//       connected->send(answer_to(event.data));
//     }
#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "belfry/sdk/http.hpp"

namespace belfry::sdk {

struct WebSocketRequest {
  explicit WebSocketRequest(std::string url_) : url(std::move(url_)) {}

  WebSocketRequest&& with(std::string name, std::string value) && {
    headers.push_back({std::move(name), std::move(value)});
    return std::move(*this);
  }

  std::string url;  // absolute ws(s)
  Headers headers;
  Millis timeout{0};                    // until the connection is open; 0: 10 s
  Millis ping_interval{0};              // between the host's pings; 0: 20 s
  Millis pong_timeout{0};               // closed after this long without an answer to a ping; 0: 10 s
  Millis idle_timeout{0};               // closed after this long without a message or ping from the peer; 0: no limit
  std::uint64_t max_message_bytes = 0;  // 0: 1 MiB; at most 16 MiB
};

struct WebSocketEvent {
  enum class Kind : std::uint32_t {
    text = BELFRY_WEBSOCKET_TEXT,
    binary = BELFRY_WEBSOCKET_BINARY,
    closed = BELFRY_WEBSOCKET_CLOSED,  // always the last event
  };
  Kind kind = Kind::closed;
  std::string data;                   // the whole message; for closed: the peer's reason
  std::uint32_t close_code = 0;       // the peer's; 1005: it sent none; 0: no close frame arrived
  HttpError error = HttpError::none;  // none: closed cleanly, or the handshake was refused with `http_status`
  int http_status = 0;                // status of a refused handshake, which is not 101; otherwise 0
  std::string error_text;             // one sentence for people; empty after a clean close
};

namespace detail {

// One connection of the host. Messages that arrive while no task waits are queued: at most kReadAhead, because no more are requested.
class WebSocketState final : public EventTarget {
 public:
  explicit WebSocketState(Runtime& runtime) : runtime_(runtime) {}
  ~WebSocketState() {
    if (ticket_ != 0) runtime_.cancel(ticket_);
  }

  static constexpr std::uint32_t kReadAhead = 4;

  void begin(belfry_ticket ticket) { ticket_ = Runtime::require_ticket(ticket); }

  void receive(std::uint32_t kind, const void* payload) override {
    if (kind != BELFRY_EVENT_WEBSOCKET || payload == nullptr) return;
    const auto raw = copy_sized(static_cast<const belfry_websocket_event*>(payload));
    switch (raw.kind) {
      case BELFRY_WEBSOCKET_OPEN:
        opened = true;
        request_messages(kReadAhead);
        break;
      case BELFRY_WEBSOCKET_TEXT:
      case BELFRY_WEBSOCKET_BINARY:
        messages.push_back({.kind = static_cast<WebSocketEvent::Kind>(raw.kind), .data = std::string(view(raw.data))});
        break;
      case BELFRY_WEBSOCKET_CLOSED:
        closed = std::make_unique<const WebSocketEvent>(WebSocketEvent{.kind = WebSocketEvent::Kind::closed,
                                                                       .data = std::string(view(raw.data)),
                                                                       .close_code = raw.close_code,
                                                                       .error = static_cast<HttpError>(raw.error),
                                                                       .http_status = static_cast<int>(raw.http_status),
                                                                       .error_text = std::string(view(raw.error_text))});
        ticket_ = 0;
        break;
      default: return;
    }
    while (auto* waiter = waiters.pop()) runtime_.make_ready(*waiter);
    if (closed) runtime_.release(this);  // the last statement: may destroy this
  }

  void request_messages(std::uint32_t count) const {
    if (const auto receive = runtime_.tables().websocket.receive) receive(runtime_.ctx(), ticket_, count);
  }

  [[nodiscard]] bool send(std::string_view text) const {
    const auto send_text = runtime_.tables().websocket.send_text;
    return send_text != nullptr && !closed && send_text(runtime_.ctx(), ticket_, str(text)) == BELFRY_OK;
  }

  void close(std::uint32_t code, std::string_view reason) {
    if (closed || std::exchange(closing, true)) return;
    if (const auto close = runtime_.tables().websocket.close) close(runtime_.ctx(), ticket_, code, str(reason));
  }
  // Closes the connection, and keeps this object until it is closed.
  static void close_unattended(std::shared_ptr<WebSocketState> self, std::uint32_t code) {
    if (self->closed || self->runtime_.has_stopped()) return;  // the destructor cancels it
    self->close(code, {});
    auto& runtime = self->runtime_;
    runtime.keep(std::move(self));
  }

  bool opened = false;
  bool closing = false;
  std::deque<WebSocketEvent> messages;
  std::unique_ptr<const WebSocketEvent> closed;
  WaiterList waiters;

 private:
  Runtime& runtime_;
  belfry_ticket ticket_ = 0;  // of the connection, until it is closed
};

}  // namespace detail

// An open connection. Destroying it closes it. Must not outlive the sink. Thread rule: tasks of the instance only.
class WebSocketConnection {
 public:
  explicit WebSocketConnection(std::shared_ptr<detail::WebSocketState> state) : state_(std::move(state)) {}
  WebSocketConnection(WebSocketConnection&&) noexcept = default;
  WebSocketConnection& operator=(WebSocketConnection&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~WebSocketConnection() {
    if (state_) detail::WebSocketState::close_unattended(std::move(state_), kNormal);
  }

  static constexpr std::uint32_t kNormal = 1000;

  // Returns the messages in order, then `closed`, also on later calls. A slow sink slows the peer down: the host reads only a few messages
  // ahead.
  [[nodiscard]] Task<WebSocketEvent> next() { return next_of(state_); }

  // Messages are sent in order. Returns false if this one is not sent: the connection is closed or closing, the text is not UTF-8, or too
  // much is already queued.
  [[nodiscard]] bool send(std::string_view text) { return state_->send(text); }

  // Sends queued messages, then a close frame; next() returns `closed` within 5 s. `code`: 1000 or 3000..4999; `reason`: at most 123 bytes.
  // Only the first call counts.
  void close(std::uint32_t code = kNormal, std::string_view reason = {}) { state_->close(code, reason); }

 private:
  static Task<WebSocketEvent> next_of(std::shared_ptr<detail::WebSocketState> state) {
    while (state->messages.empty() && !state->closed) {
      detail::ListAwaiter turn(state->waiters);
      co_await turn;
    }
    if (state->messages.empty()) co_return *state->closed;
    auto event = std::move(state->messages.front());
    state->messages.pop_front();
    if (!state->closed) state->request_messages(1);
    co_return event;
  }

  std::shared_ptr<detail::WebSocketState> state_;
};

// Cheap to copy.
class WebSocket {
 public:
  explicit WebSocket(detail::Runtime* runtime) : runtime_(runtime) {}

  // Completes when the connection is open, or returns the `closed` event with the reason why it is not. Destroying the task cancels the
  // attempt.
  [[nodiscard]] Task<std::expected<WebSocketConnection, WebSocketEvent>> connect(WebSocketRequest request) const {
    return connect_through(runtime_, std::move(request));
  }

 private:
  static Task<std::expected<WebSocketConnection, WebSocketEvent>> connect_through(detail::Runtime* runtime, WebSocketRequest request) {
    const auto state = std::make_shared<detail::WebSocketState>(*runtime);
    state->begin(begin(*runtime, request, state->user_data()));
    WebSocketConnection connection(state);
    while (!state->opened && !state->closed) {
      detail::ListAwaiter turn(state->waiters);
      co_await turn;
    }
    if (!state->opened) co_return std::unexpected(*state->closed);
    co_return std::move(connection);
  }

  static belfry_ticket begin(const detail::Runtime& runtime, const WebSocketRequest& request, std::uint64_t user_data) {
    const auto milliseconds = [](Millis time) { return static_cast<std::uint32_t>(std::clamp<Millis::rep>(time.count(), 0, UINT32_MAX)); };
    const auto connect = runtime.require(runtime.tables().websocket.connect, BELFRY_HOST_WEBSOCKET_1);
    std::vector<belfry_http_header> headers;
    for (const auto& header : request.headers) headers.push_back({detail::str(header.name), detail::str(header.value)});
    belfry_websocket_request raw{};
    raw.size = sizeof raw;
    raw.timeout_ms = milliseconds(request.timeout);
    raw.user_data = user_data;
    raw.url = detail::str(request.url);
    raw.headers = headers.data();
    raw.header_count = static_cast<std::uint32_t>(headers.size());
    raw.ping_interval_ms = milliseconds(request.ping_interval);
    raw.pong_timeout_ms = milliseconds(request.pong_timeout);
    raw.idle_timeout_ms = milliseconds(request.idle_timeout);
    raw.max_message_bytes = request.max_message_bytes;
    return connect(runtime.ctx(), &raw);
  }

  detail::Runtime* runtime_;
};

}  // namespace belfry::sdk
