// WebSocket connections through the host, which owns TLS, proxy, framing and pings. It does not connect again: that is the sink's loop.
//
//     auto connected = co_await websocket().connect(belfry::WebSocketRequest(url));
//     if (!connected) co_return;  // connected.error() says why
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
  Millis timeout{0};                    // until it is open; 0: 10 s
  Millis ping_interval{0};              // between the host's own pings; 0: 20 s
  Millis pong_timeout{0};               // no answer to a ping for so long: closed; 0: 10 s
  Millis idle_timeout{0};               // no message and no ping from the peer for so long: closed; 0: no limit
  std::uint64_t max_message_bytes = 0;  // 0: 1 MiB; at most 16 MiB
};

struct WebSocketEvent {
  enum class Kind : std::uint32_t {
    text = BELFRY_WEBSOCKET_TEXT,
    binary = BELFRY_WEBSOCKET_BINARY,
    closed = BELFRY_WEBSOCKET_CLOSED,  // the last one
  };
  Kind kind = Kind::closed;
  std::string data;                   // the whole message; of closed: the reason that the peer gave
  std::uint32_t close_code = 0;       // the peer's; 1005: it gave none; 0: no close frame came
  HttpError error = HttpError::none;  // none: closed in an orderly way, or `http_status` says why it never opened
  int http_status = 0;                // the handshake was answered with this status, which is not 101; else 0
  std::string error_text;             // one sentence for people; empty when orderly
};

namespace detail {

// One connection of the host. What comes while nobody waits is queued: at most kAhead messages, because no more are asked for.
class WebSocketState final : public EventStream {
 public:
  using EventStream::EventStream;

  static constexpr std::uint32_t kAhead = 4;

  void take(std::uint32_t kind, const void* payload) override {
    if (kind != BELFRY_EVENT_WEBSOCKET || payload == nullptr) return;
    const auto raw = copy_sized(static_cast<const belfry_websocket_event*>(payload));
    switch (raw.kind) {
      case BELFRY_WEBSOCKET_OPEN:
        opened = true;
        ask_for(kAhead);
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
        break;
      default: return;
    }
    while (auto* waiter = waiters.pop()) runtime().make_ready(*waiter);
  }

  void ask_for(std::uint32_t count) const {
    if (const auto receive = runtime().tables().websocket.receive) receive(runtime().ctx(), ticket(), count);
  }

  [[nodiscard]] bool send(std::string_view text) const {
    const auto send_text = runtime().tables().websocket.send_text;
    return send_text != nullptr && !closed && send_text(runtime().ctx(), ticket(), str(text)) == 0;
  }

  void close(std::uint32_t code, std::string_view reason) {
    if (closed || std::exchange(closing, true)) return;
    if (const auto close = runtime().tables().websocket.close) close(runtime().ctx(), ticket(), code, str(reason));
  }

  bool opened = false;
  bool closing = false;
  std::deque<WebSocketEvent> messages;
  std::unique_ptr<const WebSocketEvent> closed;
  WaiterList waiters;
};

}  // namespace detail

// One open connection. Its destruction closes it. Thread rule: tasks of the instance. Must not outlive the sink.
class WebSocketConnection {
 public:
  explicit WebSocketConnection(std::shared_ptr<detail::WebSocketState> state) : state_(std::move(state)) {}
  WebSocketConnection(WebSocketConnection&&) noexcept = default;
  WebSocketConnection& operator=(WebSocketConnection&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~WebSocketConnection() {
    if (state_) state_->close(kNormal, {});
  }

  static constexpr std::uint32_t kNormal = 1000;

  // What has come, in order; `closed` once that is all, also when asked again. A sink that is slow to ask slows the peer down: the host
  // reads a few messages ahead and no more.
  [[nodiscard]] Task<WebSocketEvent> next() { return next_of(state_); }

  // In order. False: not sent, because it is closed or closing, the text is not UTF-8, or too much waits to go out already.
  [[nodiscard]] bool send(std::string_view text) { return state_->send(text); }

  // Sends what waits, says goodbye, and lets next() come to `closed`, in 5 s at the latest. `code`: 1000 or 3000..4999; `reason`: at most
  // 123 bytes. Only the first counts.
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
    if (!state->closed) state->ask_for(1);
    co_return event;
  }

  std::shared_ptr<detail::WebSocketState> state_;
};

// Cheap to copy.
class WebSocket {
 public:
  explicit WebSocket(detail::Runtime* runtime) : runtime_(runtime) {}

  // Returns when it is open, or with the `closed` event that says why it is not. Destroyed while it waits, it gives up.
  [[nodiscard]] Task<std::expected<WebSocketConnection, WebSocketEvent>> connect(WebSocketRequest request) const {
    return connect_through(runtime_, std::move(request));
  }

 private:
  static Task<std::expected<WebSocketConnection, WebSocketEvent>> connect_through(detail::Runtime* runtime, WebSocketRequest request) {
    const auto state = std::make_shared<detail::WebSocketState>(*runtime, begin(*runtime, request));
    WebSocketConnection connection(state);
    while (!state->opened && !state->closed) {
      detail::ListAwaiter turn(state->waiters);
      co_await turn;
    }
    if (!state->opened) co_return std::unexpected(*state->closed);
    co_return std::move(connection);
  }

  static belfry_ticket begin(const detail::Runtime& runtime, const WebSocketRequest& request) {
    const auto milliseconds = [](Millis time) { return static_cast<std::uint32_t>(std::clamp<Millis::rep>(time.count(), 0, UINT32_MAX)); };
    const auto connect = runtime.need(runtime.tables().websocket.connect, BELFRY_WEBSOCKET_1);
    std::vector<belfry_http_header> headers;
    for (const auto& header : request.headers) headers.push_back({detail::str(header.name), detail::str(header.value)});
    belfry_websocket_request raw{};
    raw.size = sizeof raw;
    raw.timeout_ms = milliseconds(request.timeout);
    raw.url = detail::str(request.url);
    raw.headers = headers.data();
    raw.header_count = static_cast<std::uint32_t>(headers.size());
    raw.ping_interval_ms = milliseconds(request.ping_interval);
    raw.pong_timeout_ms = milliseconds(request.pong_timeout);
    raw.idle_timeout_ms = milliseconds(request.idle_timeout);
    raw.max_message_bytes = request.max_message_bytes;
    return detail::Runtime::checked(connect(runtime.ctx(), &raw));
  }

  detail::Runtime* runtime_;
};

}  // namespace belfry::sdk
