// websocket/1: the connections, and the host's side of them.
#include <algorithm>
#include <stdexcept>

#include "host_function.hpp"

namespace belfry::testkit {

namespace {

constexpr Millis kDefaultOpenTimeout{10'000};
constexpr Millis kCloseLimit{5'000};
constexpr std::uint64_t kDefaultMaxMessage = 1024 * 1024;
constexpr std::uint32_t kNormalClose = 1000;

WebSocketEvent socket_failure(HttpError error, std::string text) { return {.error = error, .error_text = std::move(text)}; }

bool is_websocket_url(std::string_view url) {
  return (url.starts_with("wss://") || url.starts_with("ws://")) && std::ranges::all_of(url, [](char c) { return c > ' '; });
}

}  // namespace

FakeWebSocket::FakeWebSocket(FakeState& host, belfry_ticket ticket, WebSocketRequest request)
    : host_(host), ticket_(ticket), request_(std::move(request)) {}

void FakeWebSocket::respond(const Handshake& handshake) {
  const Held held(host_);
  if (answered_ || state_ != State::connecting) throw std::logic_error("FakeWebSocket: the handshake has already been answered");
  const auto limit = request_.timeout.count() > 0 ? request_.timeout : kDefaultOpenTimeout;
  if (handshake.kind == Handshake::Kind::held || handshake.after > limit) {
    // Not final: respond() may still be called before the timeout.
    host_.later(limit, [this] {
      if (!answered_) end(Millis{0}, socket_failure(HttpError::timeout, "did not open in time"));
    });
    return;
  }
  answered_ = true;
  switch (handshake.kind) {
    case Handshake::Kind::accepted: host_.later(handshake.after, [this] { open(); }); return;
    case Handshake::Kind::refused:
      return end(handshake.after, {.http_status = handshake.status, .error_text = "answered " + std::to_string(handshake.status)});
    default: return end(handshake.after, socket_failure(handshake.error, "scripted failure"));
  }
}

void FakeWebSocket::open() {
  if (state_ != State::connecting) return;
  state_ = State::open;
  host_.raise_websocket(ticket_, BELFRY_WEBSOCKET_OPEN, {});
  deliver_pending();
}

void FakeWebSocket::push(std::uint32_t kind, std::string data) {
  const Held held(host_);
  if (last_) throw std::logic_error("FakeWebSocket: the peer has already closed the connection");
  if (data.size() > (request_.max_message_bytes == 0 ? kDefaultMaxMessage : request_.max_message_bytes)) return drop(HttpError::too_large);
  waiting_.emplace_back(kind, std::move(data));
  deliver_pending();
}

void FakeWebSocket::close(std::uint32_t code, std::string reason) {
  const Held held(host_);
  if (last_) throw std::logic_error("FakeWebSocket: the peer has already closed the connection");
  last_ = WebSocketEvent{.data = std::move(reason), .close_code = code};
  deliver_pending();
}

void FakeWebSocket::drop(HttpError error) {
  const Held held(host_);
  waiting_.clear();
  end(Millis{0}, socket_failure(error, "scripted failure"));
}

// Delivers only as many messages as the sink has requested.
void FakeWebSocket::deliver_pending() {
  if (state_ != State::open) return;
  while (requested_ > 0 && !waiting_.empty()) {
    --requested_;
    auto [kind, data] = std::move(waiting_.front());
    waiting_.pop_front();
    host_.later(Millis{0}, [this, kind, text = std::move(data)] {
      if (state_ == State::open) host_.raise_websocket(ticket_, kind, {.data = text});
    });
  }
  if (last_ && waiting_.empty()) end(Millis{0}, *last_);
}

void FakeWebSocket::end(Millis after, WebSocketEvent event) {
  host_.later(after, [this, event = std::move(event)] {
    if (state_ == State::closed) return;
    state_ = State::closed;
    host_.raise_websocket(ticket_, BELFRY_WEBSOCKET_CLOSED, event);
  });
}

void FakeWebSocket::on_receive(std::uint32_t messages) {
  requested_ += messages;
  deliver_pending();
}

bool FakeWebSocket::on_send(const std::string& text) {
  if (!is_utf8(text) || state_ != State::open || sends_fail_) return false;
  sent_.push_back(text);
  return true;
}

void FakeWebSocket::on_close(std::uint32_t code, const std::string& reason) {
  if (closed_by_sink_ || state_ == State::closed) return;
  closed_by_sink_ = Close{code, reason};
  if (state_ == State::connecting) return end(Millis{0}, socket_failure(HttpError::closed, "closed before it was open"));
  state_ = State::closing;
  if (ignores_close_) return end(kCloseLimit, socket_failure(HttpError::timeout, "the peer did not answer the close"));
  end(Millis{0}, {.close_code = code});
}

void FakeWebSocket::on_end() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  if (!closed_by_sink_) closed_by_sink_ = Close{kNormalClose, {}};
}

// ---- The host's side ---------------------------------------------------------------------------------------------------------------

belfry_ticket FakeState::connect(const belfry_websocket_request* raw_request) {
  if (refuses_requests || closing) return 0;
  const auto raw = read(raw_request, "belfry_websocket_request", BELFRY_SIZE_THROUGH(belfry_websocket_request, max_message_bytes));
  const auto connected = static_cast<std::uint64_t>(
      std::ranges::count_if(websockets, [](const auto& socket) { return socket.state() != FakeWebSocket::State::closed; }));
  if (!check_bound("the number of connections", connected + 1, BELFRY_MAX_WEBSOCKETS, "BELFRY_MAX_WEBSOCKETS")) return 0;
  WebSocketRequest request(bytes(raw.url, "the URL of a WebSocket"));
  request.timeout = Millis(raw.timeout_ms);
  request.ping_interval = Millis(raw.ping_interval_ms);
  request.pong_timeout = Millis(raw.pong_timeout_ms);
  request.idle_timeout = Millis(raw.idle_timeout_ms);
  request.max_message_bytes = raw.max_message_bytes;
  bool valid = read_headers(raw.headers, raw.header_count, "websocket", request.headers);
  if (!is_websocket_url(request.url)) {
    violation("bad_argument", "websocket: \"" + request.url + "\" is not an absolute URL");
    valid = false;
  }
  valid = check_bound("websocket: max_message_bytes", raw.max_message_bytes, BELFRY_MAX_WEBSOCKET_MESSAGE_BYTES,
                      "BELFRY_MAX_WEBSOCKET_MESSAGE_BYTES") &&
          valid;
  const auto begun = begin_request(BELFRY_EVENT_WEBSOCKET, 0, raw.user_data);
  if (begun.ticket == 0) return 0;
  auto& socket = websockets.emplace_back(*this, begun.ticket, std::move(request));
  if (!valid) {
    socket.respond(Handshake::fail(HttpError::invalid));
    return begun.ticket;
  }
  const auto rule = std::find_if(websocket_rules.rbegin(), websocket_rules.rend(),
                                 [&](const auto& entry) { return socket.url().find(entry.first) != std::string::npos; });
  if (rule == websocket_rules.rend()) violation("unscripted", "no rule of the test matches " + socket.url());
  socket.respond(rule == websocket_rules.rend() ? Handshake::fail(HttpError::connect) : rule->second(socket));
  return begun.ticket;
}

FakeWebSocket* FakeState::find_websocket(std::string_view function, belfry_ticket ticket) {
  const auto found = std::ranges::find(websockets, ticket, &FakeWebSocket::ticket_);
  if (found != websockets.end()) return &*found;
  violation("bad_ticket", std::string(function) + "() was called for " + std::to_string(ticket) + ", which is not a WebSocket");
  return nullptr;
}

void FakeState::receive(belfry_ticket ticket, std::uint32_t messages) {
  if (auto* socket = find_websocket("receive", ticket)) socket->on_receive(messages);
}

bool FakeState::send_text(belfry_ticket ticket, belfry_str raw) {
  auto* socket = find_websocket("send_text", ticket);
  return socket != nullptr && socket->on_send(text(raw, "a text message"));
}

void FakeState::close(belfry_ticket ticket, std::uint32_t code, belfry_str raw) {
  auto* socket = find_websocket("close", ticket);
  if (socket == nullptr) return;
  if (code != kNormalClose && (code < 3000 || code > 4999)) {
    violation("bad_argument", "websocket: the close code is " + std::to_string(code) + ", wanted 1000 or 3000 to 4999");
  }
  const auto reason = text(raw, "the reason of a close");
  check_bound("websocket: the bytes of a close reason", reason.size(), BELFRY_MAX_CLOSE_REASON_BYTES, "BELFRY_MAX_CLOSE_REASON_BYTES");
  socket->on_close(code, reason);
}

void FakeState::end_websocket(belfry_ticket ticket) {
  const auto found = std::ranges::find(websockets, ticket, &FakeWebSocket::ticket_);
  if (found != websockets.end()) found->on_end();
}

void FakeState::raise_websocket(belfry_ticket ticket, std::uint32_t kind, const WebSocketEvent& from) {
  belfry_websocket_event raw{};
  raw.size = sizeof raw;
  raw.kind = kind;
  raw.data = sd::str(from.data);
  raw.close_code = from.close_code;
  raw.error = static_cast<std::uint32_t>(from.error);
  raw.http_status = static_cast<std::uint32_t>(from.http_status);
  raw.error_text = sd::str(from.error_text);
  raise(ticket, &raw, kind == BELFRY_WEBSOCKET_CLOSED);
}

namespace {

belfry_ticket websocket_connect(void* ctx, const belfry_websocket_request* request) noexcept {
  return serve(ctx, {.name = "connect", .service = BELFRY_HOST_WEBSOCKET_1}, belfry_ticket{0},
               [&](FakeState& host) { return host.connect(request); });
}

void websocket_receive(void* ctx, belfry_ticket ticket, std::uint32_t messages) noexcept {
  serve(ctx, {.name = "receive", .service = BELFRY_HOST_WEBSOCKET_1}, [&](FakeState& host) { host.receive(ticket, messages); });
}

belfry_status websocket_send_text(void* ctx, belfry_ticket ticket, belfry_str text) noexcept {
  return serve(ctx, {.name = "send_text", .service = BELFRY_HOST_WEBSOCKET_1}, belfry_status{BELFRY_FAILED},
               [&](FakeState& host) { return host.send_text(ticket, text) ? BELFRY_OK : BELFRY_FAILED; });
}

void websocket_close(void* ctx, belfry_ticket ticket, std::uint32_t code, belfry_str reason) noexcept {
  serve(ctx, {.name = "close", .service = BELFRY_HOST_WEBSOCKET_1}, [&](FakeState& host) { host.close(ticket, code, reason); });
}

}  // namespace

const belfry_host_websocket kWebSocketTable{
    sizeof(belfry_host_websocket), 0, websocket_connect, websocket_receive, websocket_send_text, websocket_close};

// ---- FakeHost ---------------------------------------------------------------------------------------------------------------------

void FakeHost::on_websocket(std::string url_part, HandshakeRule rule) {
  const Held held(*state_);
  state_->websocket_rules.emplace_back(std::move(url_part), std::move(rule));
}

std::deque<FakeWebSocket>& FakeHost::websockets() { return state_->websockets; }

FakeWebSocket& FakeHost::websocket() {
  const Held held(*state_);
  if (state_->websockets.empty()) throw std::logic_error("FakeHost: the sink has not requested a WebSocket");
  return state_->websockets.back();
}

}  // namespace belfry::testkit
