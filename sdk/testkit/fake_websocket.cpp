#include <algorithm>
#include <stdexcept>

#include "belfry/testkit/fake_host.hpp"
#include "line_break.hpp"

namespace belfry::testkit {

namespace sd = sdk::detail;

namespace {

constexpr Millis kDefaultTimeout{10'000};
constexpr Millis kCloseLimit{5'000};
constexpr std::uint64_t kDefaultMaxMessage = 1024 * 1024;
constexpr std::uint64_t kMaxMessage = 16 * 1024 * 1024;

bool is_utf8(std::string_view text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

WebSocketEvent failure(HttpError error, std::string text) { return {.error = error, .error_text = std::move(text)}; }

}  // namespace

FakeWebSocket::FakeWebSocket(FakeHost& host, belfry_ticket ticket, WebSocketRequest request)
    : host_(host), ticket_(ticket), request_(std::move(request)) {}

void FakeWebSocket::respond(const Handshake& handshake) {
  if (answered_ || state_ != State::connecting) throw std::logic_error("FakeWebSocket: the handshake has already been answered");
  const auto limit = request_.timeout.count() > 0 ? request_.timeout : kDefaultTimeout;
  if (handshake.kind == Handshake::Kind::held || handshake.after > limit) {
    // Not final: respond() may still be called before the timeout.
    host_.later(limit, [this] {
      if (!answered_) end(Millis{0}, failure(HttpError::timeout, "did not open in time"));
    });
    return;
  }
  answered_ = true;
  switch (handshake.kind) {
    case Handshake::Kind::accepted: return host_.later(handshake.after, [this] { open(); });
    case Handshake::Kind::refused:
      return end(handshake.after, {.http_status = handshake.status, .error_text = "answered " + std::to_string(handshake.status)});
    default: return end(handshake.after, failure(handshake.error, "scripted failure"));
  }
}

void FakeWebSocket::open() {
  if (state_ != State::connecting) return;
  state_ = State::open;
  host_.raise_websocket(ticket_, BELFRY_WEBSOCKET_OPEN, {});
  deliver_pending();
}

void FakeWebSocket::push(std::uint32_t kind, std::string data) {
  if (last_) throw std::logic_error("FakeWebSocket: the peer has already closed the connection");
  const auto limit = request_.max_message_bytes == 0 ? kDefaultMaxMessage : std::min(request_.max_message_bytes, kMaxMessage);
  if (data.size() > limit) return drop(HttpError::too_large);
  waiting_.emplace_back(kind, std::move(data));
  deliver_pending();
}

void FakeWebSocket::close(std::uint32_t code, std::string reason) {
  if (last_) throw std::logic_error("FakeWebSocket: the peer has already closed the connection");
  last_ = WebSocketEvent{.data = std::move(reason), .close_code = code};
  deliver_pending();
}

void FakeWebSocket::drop(HttpError error) {
  waiting_.clear();
  end(Millis{0}, failure(error, "scripted failure"));
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

bool FakeWebSocket::on_send(std::string_view text) {
  if (!is_utf8(text)) host_.add_violation("websocket: the text is not UTF-8");
  if (state_ != State::open || sends_fail_) return false;
  sent_.emplace_back(text);
  return true;
}

void FakeWebSocket::on_close(std::uint32_t code, std::string_view reason) {
  if (code != 1000 && (code < 3000 || code > 4999))
    host_.add_violation("websocket: the close code must be 1000 or 3000..4999, not " + std::to_string(code));
  if (reason.size() > 123 || !is_utf8(reason)) host_.add_violation("websocket: the close reason must be UTF-8 of at most 123 bytes");
  if (closed_by_sink_ || state_ == State::closed) return;
  closed_by_sink_ = Close{code, std::string(reason)};
  if (state_ == State::connecting) return end(Millis{0}, failure(HttpError::closed, "closed before it was open"));
  state_ = State::closing;
  if (ignores_close_) return end(kCloseLimit, failure(HttpError::timeout, "the peer did not answer the close"));
  end(Millis{0}, {.close_code = code});
}

// ---- The host's side ---------------------------------------------------------------------------------------------------------

void FakeHost::on_websocket(std::string url_part, HandshakeRule rule) {
  websocket_rules_.emplace_back(std::move(url_part), std::move(rule));
}

FakeWebSocket& FakeHost::websocket() {
  if (websockets_.empty()) throw std::logic_error("FakeHost: the sink has not requested a WebSocket");
  return websockets_.back();
}

belfry_ticket FakeHost::on_connect(const belfry_websocket_request& raw) {
  WebSocketRequest request(std::string(sd::view(raw.url)));
  request.timeout = Millis(raw.timeout_ms);
  request.ping_interval = Millis(raw.ping_interval_ms);
  request.pong_timeout = Millis(raw.pong_timeout_ms);
  request.idle_timeout = Millis(raw.idle_timeout_ms);
  request.max_message_bytes = raw.max_message_bytes;
  if (!request.url.starts_with("wss://") && !request.url.starts_with("ws://"))
    add_violation("websocket: not an absolute URL: " + request.url);
  if (has_line_break(request.url)) add_violation("websocket: line break in the URL");
  if (raw.max_message_bytes > kMaxMessage) add_violation("websocket: max_message_bytes exceeds 16 MiB");
  for (std::uint32_t i = 0; i < raw.header_count; ++i) {
    request.headers.push_back({std::string(sd::view(raw.headers[i].name)), std::string(sd::view(raw.headers[i].value))});
    if (has_line_break(request.headers.back().name) || has_line_break(request.headers.back().value)) {
      add_violation("websocket: line break in the header " + request.headers.back().name);
    }
  }
  const auto ticket = next_ticket();
  auto& opened = websockets_.emplace_back(*this, ticket, std::move(request));
  const auto rule = std::find_if(websocket_rules_.rbegin(), websocket_rules_.rend(),
                                 [&](const auto& entry) { return opened.url().find(entry.first) != std::string::npos; });
  if (rule == websocket_rules_.rend()) add_violation("websocket: no rule matches " + opened.url());
  opened.respond(rule == websocket_rules_.rend() ? Handshake::fail(HttpError::connect) : rule->second(opened));
  return ticket;
}

FakeWebSocket* FakeHost::find_websocket(belfry_ticket ticket) {
  const auto found = std::ranges::find(websockets_, ticket, &FakeWebSocket::ticket_);
  if (found != websockets_.end()) return &*found;
  add_violation("websocket: unknown ticket");
  return nullptr;
}

void FakeHost::later(Millis after, std::function<void()> action) { schedule(next_ticket(), 0, after, std::move(action)); }

void FakeHost::raise_websocket(belfry_ticket ticket, std::uint32_t kind, const WebSocketEvent& from) {
  belfry_websocket_event raw{};
  raw.size = sizeof raw;
  raw.kind = kind;
  raw.data = sd::str(from.data);
  raw.close_code = from.close_code;
  raw.error = static_cast<std::uint32_t>(from.error);
  raw.http_status = static_cast<std::uint32_t>(from.http_status);
  raw.error_text = sd::str(from.error_text);
  event(ticket, BELFRY_EVENT_WEBSOCKET, &raw);
}

}  // namespace belfry::testkit
